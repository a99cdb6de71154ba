//! What the operating system knows of this process's children and descriptors.

use std::fs;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

/// The pids of the living and the unreaped children of this process.
pub fn pids() -> Vec<u32> {
    pids_of(std::process::id())
}

/// The pids of the living and the unreaped children of a process.
pub fn pids_of(parent: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{parent}/task")).expect("its threads");
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

/// Whether a process ends within so long, or has ended.
pub fn ends_within(pid: u32, limit: Duration) -> bool {
    let pid = Pid::from_raw(pid.cast_signed()).expect("a pid");
    let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else { return true };
    let limit = Timespec::try_from(limit).expect("a limit that the system knows");
    poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&limit)).expect("the process's end") > 0
}

/// Sends a signal to a child that has not been reaped.
pub fn send(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(pid.cast_signed()).expect("a pid");
    kill_process(pid, signal).expect("our own child");
}

/// Stops a child, and returns when none of its threads runs any more.
pub fn stop(pid: u32) {
    send(pid, Signal::STOP);
    let stands = |stat: &str| stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('T'));
    loop {
        let mut threads = fs::read_dir(format!("/proc/{pid}/task")).expect("our own child");
        if threads.all(|thread| {
            let stat = fs::read_to_string(thread.expect("a thread").path().join("stat")).unwrap_or_default();
            stands(&stat)
        }) {
            return;
        }
        thread::yield_now();
    }
}

/// How many threads this process has.
pub fn threads() -> usize {
    fs::read_dir("/proc/self/task").expect("our threads").count()
}

/// The names of this process's threads, of which the system knows the first 15 bytes each, in order.
pub fn thread_names() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").expect("our threads");
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    let mut names: Vec<_> = names.map(|name| name.trim_end().to_owned()).collect();
    names.sort();
    names
}

/// How many threads of this process have a name that begins so; the system knows the first 15 bytes of each.
pub fn threads_called(prefix: &str) -> usize {
    thread_names().iter().filter(|name| name.starts_with(prefix)).count()
}

/// Whether the thread of this name sleeps; the system knows its first 15 bytes.
pub fn thread_sleeps(name: &str) -> bool {
    let known = format!("({})", &name[..name.len().min(15)]);
    let tasks = fs::read_dir("/proc/self/task").expect("our threads");
    tasks
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("stat")).ok())
        .any(|stat| stat.split_once(' ').is_some_and(|(_, rest)| rest.starts_with(&format!("{known} S"))))
}

/// Whether this thread, which has a name, comes to a place where it sleeps; if not, it has ended.
pub fn falls_asleep<T>(thread: &JoinHandle<T>) -> bool {
    let name = thread.thread().name().expect("a thread with a name");
    loop {
        if thread.is_finished() {
            return false;
        }
        if thread_sleeps(name) {
            return true;
        }
        thread::yield_now();
    }
}

/// Whether a thread of this process waits for something.
pub fn sleeps(thread: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/self/task/{}/stat", thread.as_raw_nonzero())).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('S'))
}

/// Whether all threads of this process whose names begin so wait for something, and go on doing so for a moment.
pub fn threads_sleep(prefix: &str) -> bool {
    (0..10).all(|_| {
        thread::sleep(Duration::from_millis(1));
        let tasks = fs::read_dir("/proc/self/task").expect("our threads");
        let stats = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("stat")).ok());
        let mut named = stats.filter(|stat| stat.split_once('(').is_some_and(|(_, rest)| rest.starts_with(prefix)));
        named.all(|stat| stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('S')))
    })
}

/// How much memory this process has at hand, in bytes.
pub fn resident_bytes() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").expect("our memory");
    let pages: u64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number of pages");
    pages * rustix::param::page_size() as u64
}

/// Whether a process of this number lives and is no zombie.
pub fn lives(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The state is the first word after the name, which is in parentheses and may hold anything.
    status.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}
