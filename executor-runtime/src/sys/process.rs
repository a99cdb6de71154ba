//! Worker processes as the operating system sees them: this very program,
//! started again.
//!
//! 1. `/proc/self/exe` is started, which is this program even when its file was
//!    replaced or deleted. No argument is passed, since the program might read
//!    it, and nothing runs between fork and exec, so that the cost does not
//!    depend on the parent's memory.
//! 2. The worker's stdin is one end of a socket pair. No other process gets it,
//!    and its end of file means that the parent has closed it, or is gone.
//! 3. The worker leads a process group of its own: Ctrl-C reaches the parent
//!    only, and a signal to the group reaches the children of a task.
//! 4. A pidfd stands for the process: it tells of the end at once, and a signal
//!    through it can never hit a stranger that got the same number. Neither can
//!    one to the group, nor is a stranger reaped.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::ptr;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open, pidfd_send_signal};

use super::environment::Environment;
use super::reaping::{self, End};
use super::start;
use crate::error::WorkerExit;
use crate::sync::{AtomicBool, Mutex, Ordering};

/// A worker process. Dropping it kills and reaps it.
#[derive(Debug)]
pub(crate) struct Process {
    pid: Pid,
    pidfd: OwnedFd,
    /// How it ended, once it is reaped.
    end: Mutex<Option<End>>,
    /// SIGKILL was sent from here.
    was_killed: AtomicBool,
}

/// Where what a worker prints goes first.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Silenced {
    pub(crate) stdout: bool,
    pub(crate) stderr: bool,
}

impl Process {
    /// Starts this program as a worker and returns it with the parent's end of its socket pair. What it prints is lost
    /// where it is `silenced`, and elsewhere goes where this process prints.
    pub(crate) fn spawn(environment: &Environment, silenced: Silenced) -> io::Result<(Self, UnixStream)> {
        let (control, theirs) = UnixStream::pair()?;
        let name = std::env::args_os().next().unwrap_or_else(|| "worker".into());
        let stdio = |is_silenced: bool| if is_silenced { Stdio::null() } else { Stdio::inherit() };
        let mut command = Command::new("/proc/self/exe");
        environment.give(&mut command);
        let mut child = command
            .arg0(name)
            // After what the user has said: it would be no worker.
            .env(start::VARIABLE, std::process::id().to_string())
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(stdio(silenced.stdout))
            .stderr(stdio(silenced.stderr))
            .process_group(0)
            .spawn()?;
        let pid = Pid::from_child(&child);
        match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(pidfd) => Ok((Self { pid, pidfd, end: Mutex::new(None), was_killed: AtomicBool::new(false) }, control)),
            // It has ended, and somebody else has reaped it: its number may be a stranger's.
            Err(Errno::SRCH) => Err(Errno::SRCH.into()),
            Err(error) => {
                // Not ours to watch, so not ours to keep. Somebody else may have reaped it.
                let _ = child.kill();
                let _ = child.wait();
                Err(error.into())
            }
        }
    }

    /// One that has ended and was reaped, for those who play a worker by hand.
    #[cfg(all(any(test, executor_fuzz), not(shuttle)))]
    pub(crate) fn dead() -> io::Result<Self> {
        // As that of a process that has ended, it can be read from the beginning.
        let (ended, _) = io::pipe()?;
        let end = Mutex::new(Some(End { exit: WorkerExit::Unknown, peak_memory_bytes: None }));
        // Nobody is ever signalled by a number whose process has been reaped.
        Ok(Self { pid: rustix::process::getpid(), pidfd: ended.into(), end, was_killed: AtomicBool::new(true) })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().cast_unsigned()
    }

    /// Whether the process has ended, reaped or not.
    pub(crate) fn has_ended(&self) -> bool {
        self.wait_ended(Some(Duration::ZERO))
    }

    /// Waits for the process to end, at most `limit` if there is one; false if that came first.
    pub(crate) fn wait_ended(&self, limit: Option<Duration>) -> bool {
        /// Where one can only ask.
        const PAUSE: Duration = Duration::from_millis(1);

        let deadline = limit.map(|limit| Instant::now() + limit);
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let left = left
                .map(|left| Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: i64::from(left.subsec_nanos()) });
            match poll(&mut [PollFd::from_borrowed_fd(self.pidfd.as_fd(), PollFlags::IN)], left.as_ref()) {
                Ok(ended) => return ended > 0,
                Err(Errno::INTR) => {}
                // The program may have no descriptors at all by now, and the limit is on how many are asked about, too.
                Err(_) if reaping::has_ended(self.pidfd.as_fd()) => return true,
                Err(_) if deadline.is_some_and(|deadline| deadline <= Instant::now()) => return false,
                Err(_) => thread::sleep(PAUSE),
            }
        }
    }

    /// Asks the process and the children of its task to end.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends the process and the children of its task.
    pub(crate) fn kill(&self) {
        // Relaxed: whoever asks has seen the end that comes of it.
        self.was_killed.store(true, Ordering::Relaxed);
        self.signal(Signal::KILL);
    }

    /// Whether it was killed from here, or had ended before that.
    pub(crate) fn was_killed(&self) -> bool {
        self.was_killed.load(Ordering::Relaxed)
    }

    fn signal(&self, signal: Signal) {
        let end = self.end.lock();
        if end.is_none() {
            self.signal_group(signal);
            // It may not have got so far as to have a group.
            let _ = pidfd_send_signal(&self.pidfd, signal);
        }
    }

    /// Signals what the process and its children have become. An error says that nobody is left there.
    fn signal_group(&self, signal: Signal) {
        match reaping::signal_group(self.pidfd.as_fd(), signal) {
            Err(Errno::INVAL) => {}
            _ => return,
        }
        // An older kernel knows the group by its number only. As long as nobody has reaped the process that is nobody
        // else's; and that somebody else did, as a program does that ignores SIGCHLD, can be seen here.
        if pidfd_send_signal(&self.pidfd, signal).is_ok() {
            let _ = kill_process_group(self.pid, signal);
        }
    }

    /// Waits for the end of the process and says how it ended.
    pub(crate) fn reap(&self) -> WorkerExit {
        while !self.wait_ended(None) {}
        let mut end = self.end.lock();
        let end = end.get_or_insert_with(|| {
            // What a task started and left goes with its worker.
            self.signal_group(Signal::KILL);
            // Somebody else may have reaped it: a program that ignores SIGCHLD, or waits for all children.
            reaping::reap(self.pidfd.as_fd()).unwrap_or(End { exit: WorkerExit::Unknown, peak_memory_bytes: None })
        });
        end.exit
    }

    /// The most memory that a process which was reaped ever had resident, or the most that its parent ever had when it
    /// was started, if that is more: Linux makes no difference.
    pub(crate) fn peak_memory_bytes(&self) -> Option<u64> {
        self.end.lock().as_ref().and_then(|end| end.peak_memory_bytes)
    }
}

/// Can be read when the process has ended.
impl AsFd for Process {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        self.reap();
    }
}

/// Has writes of this thread to a closed pipe be errors, also in a program that gets SIGPIPE for them elsewhere.
pub(crate) fn block_sigpipe() {
    let mut signals = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: it fills in `signals`.
    unsafe { libc::sigemptyset(signals.as_mut_ptr()) };
    // SAFETY: as above, and they were filled in.
    unsafe { libc::sigaddset(signals.as_mut_ptr(), libc::SIGPIPE) };
    // SAFETY: it reads `signals`, and changes what this thread is sent.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, signals.as_ptr(), ptr::null_mut()) };
}

// The child is this program once more, which becomes a worker before it runs any test.
#[cfg(all(test, not(shuttle), feature = "auto-start"))]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use rustix::process::{WaitOptions, kill_process, waitpid};

    use super::*;

    /// Not by its number, which may be a stranger's by then.
    #[test]
    fn a_group_is_reached_whose_leader_somebody_else_has_reaped() {
        let (process, _control) = Process::spawn(&Environment::default(), Silenced::default()).expect("a worker");
        let mut left = Command::new("sleep");
        let left = left.arg("300").process_group(process.pid.as_raw_nonzero().get()).spawn();
        let mut left = left.expect("a program in its group");
        kill_process(process.pid, Signal::KILL).expect("our own child");
        waitpid(Some(process.pid), WaitOptions::empty()).expect("nobody else has");
        if reaping::signal_group(process.as_fd(), Signal::CONT) == Err(Errno::INVAL) {
            // An older kernel has no way that is safe.
            process.kill();
            assert!(left.try_wait().expect("our own child").is_none());
            left.kill().expect("our own child");
        }
        process.kill();
        assert_eq!(process.reap(), WorkerExit::Unknown);
        assert_eq!(left.wait().expect("our own child").signal(), Some(Signal::KILL.as_raw()));
    }

    /// Where a number can be chosen, as root can.
    #[test]
    fn a_stranger_that_got_the_number_of_a_worker_is_left_alone() {
        let (process, _control) = Process::spawn(&Environment::default(), Silenced::default()).expect("a worker");
        kill_process(process.pid, Signal::KILL).expect("our own child");
        waitpid(Some(process.pid), WaitOptions::empty()).expect("nobody else has");
        let number = process.pid.as_raw_nonzero().get();
        // Others start processes, too, so that it may take some tries.
        for _ in 0..1000 {
            if std::fs::write("/proc/sys/kernel/ns_last_pid", (number - 1).to_string()).is_err() {
                return;
            }
            let mut stranger = Command::new("cat");
            let mut stranger = stranger.stdin(Stdio::piped()).process_group(0).spawn().expect("cat");
            let is_it = stranger.id().cast_signed() == number;
            if is_it {
                process.kill();
                assert_eq!(process.reap(), WorkerExit::Unknown);
            }
            // It ends by itself, unless it was killed.
            drop(stranger.stdin.take());
            assert!(stranger.wait().expect("our own child").success(), "a stranger was killed");
            if is_it {
                return;
            }
        }
    }

    #[test]
    fn a_thread_that_writes_for_others_is_not_killed_by_a_closed_pipe() {
        thread::spawn(|| {
            block_sigpipe();
            let status = std::fs::read_to_string("/proc/thread-self/status").expect("our own");
            let blocked = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).expect("a line").trim();
            let blocked = u64::from_str_radix(blocked, 16).expect("a number");
            assert_eq!(blocked, 1 << (Signal::PIPE.as_raw() - 1));
        })
        .join()
        .expect("the thread's test");
    }
}
