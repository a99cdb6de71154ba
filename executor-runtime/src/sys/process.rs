//! Worker processes as the operating system sees them: this very program,
//! started again.
//!
//! 1. `/proc/self/exe` is started, which is this program even when its file was
//!    replaced or deleted. No argument is passed, since the program might read
//!    it, and nothing runs between fork and exec, so that the cost does not
//!    depend on the parent's memory.
//! 2. The worker's stdin is one end of a socket pair. No other process gets it,
//!    and its end of file means that the parent is gone.
//! 3. The worker leads a process group of its own: Ctrl-C reaches the parent
//!    only, and a signal to the group reaches the children of a task.
//! 4. A pidfd stands for the process: it tells of the end at once, and a signal
//!    through it can never hit a stranger that got the same number.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open, pidfd_send_signal};

use super::environment::Environment;
use super::start;
use crate::error::WorkerExit;
use crate::sync::Mutex;

/// A worker process. Dropping it kills and reaps it.
#[derive(Debug)]
pub(crate) struct Process {
    pid: u32,
    pidfd: OwnedFd,
    /// The child until it is reaped; how it ended from then on.
    state: Mutex<Reaped>,
}

#[derive(Debug)]
enum Reaped {
    Not(Child),
    As(WorkerExit),
}

impl Process {
    /// Starts this program as a worker and returns it with the parent's end of its socket pair.
    pub(crate) fn spawn(environment: &Environment) -> io::Result<(Self, UnixStream)> {
        let (control, theirs) = UnixStream::pair()?;
        let name = std::env::args_os().next().unwrap_or_else(|| "worker".into());
        let mut command = Command::new("/proc/self/exe");
        environment.give(&mut command);
        let mut child = command
            .arg0(name)
            // After what the user has said: it would be no worker.
            .env(start::VARIABLE, std::process::id().to_string())
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .process_group(0)
            .spawn()?;
        let pid = child.id();
        match pidfd_open(Pid::from_child(&child), PidfdFlags::empty()) {
            Ok(pidfd) => Ok((Self { pid, pidfd, state: Mutex::new(Reaped::Not(child)) }, control)),
            Err(error) => {
                // Not ours to watch, so not ours to keep.
                child.kill()?;
                child.wait()?;
                Err(error.into())
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether the process has ended, reaped or not.
    pub(crate) fn has_ended(&self) -> bool {
        self.wait_ended(Some(Duration::ZERO))
    }

    /// Waits for the process to end, at most `limit` if there is one; false if that came first.
    pub(crate) fn wait_ended(&self, limit: Option<Duration>) -> bool {
        let deadline = limit.map(|limit| Instant::now() + limit);
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let left = left
                .map(|left| Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: i64::from(left.subsec_nanos()) });
            match poll(&mut [PollFd::from_borrowed_fd(self.pidfd.as_fd(), PollFlags::IN)], left.as_ref()) {
                Ok(ended) => return ended > 0,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => panic!("poll of a pidfd cannot fail: {error}"),
            }
        }
    }

    /// Asks the process and the children of its task to end.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends the process and the children of its task.
    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        let state = self.state.lock();
        if let Reaped::Not(child) = &*state {
            // Until it is reaped, its number names its group and nobody else's. An
            // error says that nobody is left there, or that it has not got so far
            // as to have a group; the pidfd reaches it in any case.
            let _ = kill_process_group(Pid::from_child(child), signal);
            let _ = pidfd_send_signal(&self.pidfd, signal);
        }
    }

    /// Waits for the end of the process and says how it ended.
    pub(crate) fn reap(&self) -> WorkerExit {
        while !self.wait_ended(None) {}
        let mut state = self.state.lock();
        let exit = match &mut *state {
            Reaped::As(exit) => return *exit,
            Reaped::Not(child) => {
                // What a task started and left goes with its worker. Last chance:
                // the number is the group's only until the worker is reaped.
                let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
                match child.wait() {
                    Ok(status) => status.signal().map(WorkerExit::Signal).or(status.code().map(WorkerExit::Code)),
                    // Somebody else reaped it: a program that ignores SIGCHLD, or waits for all children.
                    Err(_) => None,
                }
            }
        };
        let exit = exit.unwrap_or(WorkerExit::Unknown);
        *state = Reaped::As(exit);
        exit
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
