//! What the operating system knows of this process's children and descriptors.

use std::fs;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// The pids of the living and the unreaped children of this process.
pub fn pids() -> Vec<u32> {
    let tasks = fs::read_dir("/proc/self/task").expect("our threads");
    let mut pids: Vec<u32> = tasks
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("children")).ok())
        .flat_map(|children| children.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect();
    pids.sort_unstable();
    pids
}

/// How many descriptors this process has open.
pub fn descriptors() -> usize {
    // One of them is the listing's own.
    fs::read_dir("/proc/self/fd").expect("our descriptors").count() - 1
}

/// Waits until a child has ended with all of its threads.
pub fn await_end(pid: u32) {
    let pid = Pid::from_raw(pid.cast_signed()).expect("a pid");
    // One that is not there any more has been reaped by its pool already.
    if let Ok(child) = pidfd_open(pid, PidfdFlags::empty()) {
        poll(&mut [PollFd::new(&child, PollFlags::IN)], None).expect("the child's end");
    }
}

/// Whether the thread of this name sleeps; the system knows its first 15 bytes.
pub fn thread_sleeps(name: &str) -> bool {
    let known = format!("({})", &name[..name.len().min(15)]);
    let tasks = fs::read_dir("/proc/self/task").expect("our threads");
    tasks
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("stat")).ok())
        .any(|stat| stat.split_once(' ').is_some_and(|(_, rest)| rest.starts_with(&format!("{known} S"))))
}

/// Whether a process of this number lives and is no zombie.
pub fn lives(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The state is the first word after the name, which is in parentheses and may hold anything.
    status.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}
