//! What a task or a program can do to its process that safe code cannot.

#![expect(unsafe_code, reason = "that is the point")]

/// Closes every descriptor of this process, whoever it belongs to.
pub fn close_all_descriptors() {
    // SAFETY: none: what others have open is taken from them. They hear of it when they use it next, and no memory is
    // touched. For a process that is to be of no use any more.
    unsafe { libc::syscall(libc::SYS_close_range, 0, libc::c_uint::MAX, 0) };
}

/// Closes this process's stdout and stderr, as a daemon may.
pub fn close_output() {
    // SAFETY: as above; to std they are there for as long as the process, and it takes their loss for an empty output.
    unsafe { libc::syscall(libc::SYS_close_range, 1, 2, 0) };
}

/// Has an interrupt end this process, also if it was started by a shell that runs it in the background.
pub fn heed_interrupts() {
    // SAFETY: setting a signal to its default installs no handler.
    unsafe { libc::signal(libc::SIGINT, libc::SIG_DFL) };
}

/// Has the system reap this process's children as they end, and throw away how they did.
pub fn ignore_childrens_ends() {
    // SAFETY: setting a signal to be ignored installs no handler.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
}

/// Ends this process: no destructor, no exit handler (Python: `os._exit`).
pub fn exit_now(code: i32) -> ! {
    // SAFETY: `_exit` has no precondition.
    unsafe { libc::_exit(code) }
}

/// Makes a copy of this process with this thread alone. Whether this is the copy.
pub fn fork() -> bool {
    // SAFETY: the copy must not touch what another thread may have held; callers let it sleep, leave its task or end.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "a copy of the process");
    pid == 0
}
