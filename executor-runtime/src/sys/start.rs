//! The start of a worker process, seen from inside.
//!
//! In a program that is no worker all this costs one look at the environment.
//! In a worker it runs before `main`: what std does there (SIGPIPE) is done here.

use std::env;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, IntoRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::fcntl_dupfd_cloexec;
use rustix::net::sockopt::socket_peercred;
use rustix::process::{
    Pid, PidfdFlags, Signal, getpid, getppid, kill_process_group, pidfd_open, set_parent_process_death_signal,
};
use rustix::stdio::{dup2_stdin, stdin};

/// Names the parent's pid; set for workers only, and removed by them at once.
pub(super) const VARIABLE: &str = "EXECUTOR_RUNTIME_WORKER";

/// The exit code of a worker that cannot do its work: `EX_SOFTWARE` of BSD's `sysexits.h`.
pub(crate) const FAILED: i32 = 70;

/// The first descriptor after stdin, stdout and stderr.
const FIRST_FREE: i32 = 3;

/// Has `$start` called before `main`.
macro_rules! before_main {
    ($start:path) => {
        #[cfg(feature = "auto-start")]
        #[allow(unsafe_code)]
        const _: () = {
            extern "C" fn entry() {
                $start();
            }

            // SAFETY: an entry of this section is a pointer to a function that the
            // C runtime calls with the C convention, with arguments that may be
            // ignored, once, after libc and std's thread-locals are usable.
            #[used]
            #[unsafe(link_section = ".init_array")]
            static ENTRY: extern "C" fn() = entry;
        };
    };
}
pub(crate) use before_main;

/// Whether this process was started as a worker and has not become one.
pub(crate) fn is_unclaimed_worker() -> bool {
    parent().is_some()
}

/// The worker's end of its socket pair, if this process is a worker that has not claimed it.
///
/// Makes the process a worker: it dies with its parent (see also [`wake_with_parent`]), has an empty stdin, holds no
/// descriptor of its parent's, and its own children are ordinary programs, but that no terminal stops them.
pub(crate) fn claim() -> Option<UnixStream> {
    if is_orphan() {
        exit_now(FAILED);
    }
    // What is meant to be a worker must not go on into `main`, whatever happens.
    parent().map(|parent| become_worker(parent).unwrap_or_else(|_| exit_now(FAILED)))
}

fn become_worker(parent: Pid) -> io::Result<UnixStream> {
    // SAFETY: before `main`, or first in `main`, no other thread reads or writes
    // the environment.
    unsafe { env::remove_var(VARIABLE) };
    set_parent_process_death_signal(Some(Signal::KILL))?;
    if getppid() != Some(parent) {
        // It died before the line above, so nobody would ever signal us.
        exit_now(FAILED);
    }
    close_inherited();
    fill_gaps()?;
    ignore_sigpipe();
    heed_childrens_ends();
    ignore_terminal_stops();
    let control: OwnedFd = fcntl_dupfd_cloexec(stdin(), FIRST_FREE)?;
    let empty = File::open("/dev/null")?;
    dup2_stdin(empty.as_fd())?;
    // For `ps`; the name of the program's file would be `exe`.
    let _ = rustix::thread::set_name(c"pool-worker");
    Ok(control.into())
}

/// The parent, if all signs say that this process is its worker.
///
/// The variable alone proves nothing, since it may have leaked into an unrelated program: the parent must be
/// the process it names, and stdin a socket which that process made.
fn parent() -> Option<Pid> {
    named_parent().filter(|parent| getppid() == Some(*parent))
}

/// Whether this process was to be the worker of a process that died before it got here.
///
/// It must not take itself for the program. A descendant of a living parent, to which variable and stdin leaked,
/// is the program.
fn is_orphan() -> bool {
    named_parent().is_some_and(|parent| getppid() != Some(parent) && has_ended(parent))
}

/// A zombie has ended, too: its children have another parent already.
fn has_ended(process: Pid) -> bool {
    let Ok(pidfd) = pidfd_open(process, PidfdFlags::empty()) else { return true };
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&now)).is_ok_and(|ended| ended > 0)
}

/// The process that the variable names, if it made the socket which is stdin.
fn named_parent() -> Option<Pid> {
    let parent = env::var_os(VARIABLE)?.to_str()?.parse().ok().and_then(Pid::from_raw)?;
    let peer = socket_peercred(stdin()).ok()?;
    (peer.pid == parent).then_some(parent)
}

/// The parent's death does not end this worker any more but wakes it, should it have been stopped: for a thread that
/// waits for the end of the parent, by what this returns, and then [ends](end_with_group) more than the worker.
/// `None` where that cannot be had, and all is as before.
pub(crate) fn wake_with_parent() -> Option<OwnedFd> {
    let parent = pidfd_open(getppid()?, PidfdFlags::empty()).ok()?;
    // If the parent has died by now, the signal is on its way.
    set_parent_process_death_signal(Some(Signal::CONT)).ok()?;
    Some(parent)
}

/// Ends the worker at once, and all that its tasks have started.
pub(crate) fn end_with_group() -> ! {
    // A group of this number can only be the one that it was started with.
    let _ = kill_process_group(getpid(), Signal::KILL);
    // A task has moved it to another group.
    exit_now(FAILED)
}

/// Ends the process at once: no destructor, no exit handler, no flush.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: `_exit` has no precondition.
    unsafe { libc::_exit(code) }
}

/// Closes what the program that made the pool left open for its children.
fn close_inherited() {
    // SAFETY: nothing of this process owns a descriptor above 2 yet; all of them
    // were inherited. An old kernel without the call leaves them open.
    unsafe { libc::syscall(libc::SYS_close_range, FIRST_FREE, libc::c_uint::MAX, 0) };
}

/// As Python does: writing past the limit of file sizes is an error and no death.
pub(super) fn ignore_sigxfsz() {
    // SAFETY: setting a signal to be ignored installs no handler.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

/// As std does before `main`: no other file gets the number of stdout or stderr, if the parent had closed its own.
fn fill_gaps() -> io::Result<()> {
    loop {
        let file = OpenOptions::new().read(true).write(true).open("/dev/null")?;
        if file.as_raw_fd() >= FIRST_FREE {
            return Ok(());
        }
        // For as long as the process lives.
        let _ = file.into_raw_fd();
    }
}

/// A program that ignores the ends of its children has its tasks hear of theirs: else no exit code could be had.
fn heed_childrens_ends() {
    // SAFETY: setting a signal to its default installs no handler.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
}

/// Its group is never the one in the foreground, and nobody would let a worker go on that was stopped for writing to the
/// program's terminal. So it may write, and reading is an error.
fn ignore_terminal_stops() {
    for signal in [libc::SIGTTOU, libc::SIGTTIN] {
        // SAFETY: setting a signal to be ignored installs no handler.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}

/// As std does before `main`: writing to a closed pipe is an error and no death.
fn ignore_sigpipe() {
    // SAFETY: setting a signal to be ignored installs no handler.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}
