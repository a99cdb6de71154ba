//! How a child process ended, and how to reach those it has left behind.
//!
//! The child is named by its pidfd and never by its number, which is somebody else's as soon as it has been reaped; and
//! that may be done by others.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use rustix::io::Errno;
use rustix::process::{Signal, WaitId, WaitIdOptions, waitid};

use crate::error::WorkerExit;

/// The end of a child.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) exit: WorkerExit,
    /// `ru_maxrss` of `wait4`.
    pub(super) peak_memory_bytes: Option<u64>,
}

/// Collects the exit status of a child that has ended.
///
/// # Errors
///
/// `ECHILD` if somebody else has.
pub(super) fn reap(child: BorrowedFd<'_>) -> io::Result<End> {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    loop {
        // The kernel's call, since libc's does not tell the usage.
        // SAFETY: the kernel writes to `info` and `usage`, which are there for the time of the call.
        let failed = unsafe {
            libc::syscall(
                libc::SYS_waitid,
                libc::P_PIDFD,
                child.as_raw_fd(),
                info.as_mut_ptr(),
                libc::WEXITED,
                usage.as_mut_ptr(),
            )
        };
        if failed == 0 {
            break;
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    // SAFETY: numbers and pointers that nobody follows, of which all may be zero.
    let info = unsafe { info.assume_init() };
    // SAFETY: numbers, of which all may be zero.
    let usage = unsafe { usage.assume_init() };
    // SAFETY: the kernel has filled in what is known of a child.
    let status = unsafe { info.si_status() };
    let exit = if info.si_code == libc::CLD_EXITED { WorkerExit::Code(status) } else { WorkerExit::Signal(status) };
    Ok(End { exit, peak_memory_bytes: super::memory::of_usage(&usage) })
}

/// Whether a child has ended, reaped or not.
pub(super) fn has_ended(child: BorrowedFd<'_>) -> bool {
    let asked = waitid(WaitId::PidFd(child), WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT);
    !matches!(asked, Ok(None) | Err(Errno::INTR))
}

/// Signals all who are in the group that the process has made, also when it has been reaped.
///
/// # Errors
///
/// `ESRCH` if nobody is there; `EINVAL` if the kernel is older than 6.9 and does not know this.
pub(super) fn signal_group(leader: BorrowedFd<'_>, signal: Signal) -> Result<(), Errno> {
    const PIDFD_SIGNAL_PROCESS_GROUP: libc::c_uint = 1 << 2;

    let no_info = ptr::null::<libc::siginfo_t>();
    // SAFETY: it reads no memory of ours.
    let failed = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            leader.as_raw_fd(),
            signal.as_raw(),
            no_info,
            PIDFD_SIGNAL_PROCESS_GROUP,
        )
    };
    if failed == 0 { Ok(()) } else { Err(Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::INVAL)) }
}
