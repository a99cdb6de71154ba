//! What a worker may take of the machine, and where it stands in it.
//!
//! 1. Nothing runs between fork and exec (see [`process`](super::process)), so a worker sets its limits itself: on its
//!    first thread, as soon as it was told them, and before there is another thread or any task.
//! 2. What belongs to a thread, niceness and processors, later threads inherit from the first. What belongs to the
//!    process its children inherit as well.
//! 3. What cannot be set is told, with the system's reason. Nothing is set in part or left out in silence.
//! 4. A limit is one that the worker cannot raise again, unless it may do everything.
//!
//! `docs/decisions/017` says what of a worker's memory is counted, and why.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use rustix::io::Errno;
use rustix::param::page_size;
use rustix::process::{Resource, Rlimit, setpriority_process, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde::{Deserialize, Serialize};

use crate::error::PoolError;

/// What a worker needs for its messages and for its thread, beside the stack.
const OWN_LEN_BYTES: u64 = 1 << 20;

/// What a worker has open at its first message. The portable link opens two more for that than the ring.
const OWN_FILES: u64 = 10;

/// The kernel takes no longer path.
const PATH_LEN_BYTES: usize = 4096;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Limits {
    /// Private memory that can be written to, in bytes.
    pub(crate) memory: Option<u64>,
    /// Of all threads together, from the start of the process. The system counts whole seconds.
    pub(crate) cpu_time: Option<Duration>,
    /// The first number that no descriptor can have.
    pub(crate) open_files: Option<u64>,
    /// In bytes.
    pub(crate) file_size: Option<u64>,
    pub(crate) nice: Option<i32>,
    pub(crate) cpu_affinity: Option<Vec<usize>>,
    /// As bytes, since a path need not be text.
    pub(crate) current_dir: Option<Vec<u8>>,
}

/// What could not be set, and why.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Refusal {
    what: String,
    why: Why,
}

#[derive(Debug, Serialize, Deserialize)]
enum Why {
    /// The system's error number.
    System(i32),
    Told(String),
}

impl Refusal {
    /// `what` as it would stand in the parentheses of a pool.
    pub(crate) fn told(what: String, why: impl Into<String>) -> Self {
        Self { what, why: Why::Told(why.into()) }
    }

    fn system(what: String, error: Errno) -> Self {
        Self { what, why: Why::System(error.raw_os_error()) }
    }
}

impl From<Refusal> for PoolError {
    fn from(Refusal { what, why }: Refusal) -> Self {
        let error = match why {
            Why::System(number) => io::Error::from_raw_os_error(number),
            Why::Told(why) => io::Error::new(io::ErrorKind::InvalidInput, why),
        };
        Self::Limit { what, error }
    }
}

impl Limits {
    /// Refuses what no worker on any machine can have.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let refuse = |what: String, why: &str| Err(Refusal::told(what, why));
        if self.memory == Some(0) {
            return refuse("memory_limit = 0".to_owned(), "it must be greater than 0");
        }
        if self.cpu_time.is_some_and(|time| time.is_zero()) {
            return refuse("cpu_time_limit = 0s".to_owned(), "it must be greater than 0");
        }
        if let Some(files) = self.open_files.filter(|files| *files < OWN_FILES) {
            return refuse(format!("open_files_limit = {files}"), "a worker needs 10 itself");
        }
        if let Some(nice) = self.nice.filter(|nice| !(-20..=19).contains(nice)) {
            return refuse(format!("nice = {nice}"), "it must be from -20 to 19");
        }
        if let Some(numbers) = &self.cpu_affinity
            && (numbers.is_empty() || numbers.iter().any(|&number| number >= CpuSet::MAX_CPU))
        {
            let why = format!("it must name at least one processor, each by a number below {}", CpuSet::MAX_CPU);
            return refuse(format!("cpu_affinity = {numbers:?}"), &why);
        }
        if let Some(path) = &self.current_dir
            && (path.is_empty() || path.len() >= PATH_LEN_BYTES || path.contains(&0))
        {
            let why = "it must be the path of a directory, without null bytes";
            return refuse(told_path(path), why);
        }
        Ok(())
    }

    /// Sets them for this process, which is going to start a thread with a stack of this size.
    pub(crate) fn apply(&self, stack_len_bytes: u64) -> Result<(), Refusal> {
        if let Some(path) = &self.current_dir {
            rustix::process::chdir(OsStr::from_bytes(path)).map_err(|error| Refusal::system(told_path(path), error))?;
        }
        if let Some(nice) = self.nice {
            setpriority_process(None, nice).map_err(|error| Refusal::system(format!("nice = {nice}"), error))?;
        }
        if let Some(numbers) = &self.cpu_affinity {
            run_on(numbers)?;
        }
        if let Some(time) = self.cpu_time {
            // After one second more it is ended by SIGKILL, if it has gone on.
            let seconds = time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0));
            set(Resource::Cpu, seconds, seconds.saturating_add(1), || format!("cpu_time_limit = {time:?}"))?;
        }
        if let Some(bytes) = self.file_size {
            set(Resource::Fsize, bytes, bytes, || format!("file_size_limit = {bytes}"))?;
            super::start::ignore_sigxfsz();
        }
        if let Some(bytes) = self.memory {
            let what = || format!("memory_limit = {bytes}");
            // The system would take any limit, and refuse the next allocation.
            let needed = data_len_bytes().saturating_add(stack_len_bytes).saturating_add(OWN_LEN_BYTES);
            if needed > bytes {
                let why = format!(
                    "a worker needs {needed} bytes before its first task, {stack_len_bytes} of them as its stack"
                );
                return Err(Refusal::told(what(), why));
            }
            set(Resource::Data, bytes, bytes, what)?;
        }
        // Last, since to look at the memory takes a descriptor.
        if let Some(files) = self.open_files {
            set(Resource::Nofile, files, files, || format!("open_files_limit = {files}"))?;
        }
        Ok(())
    }
}

fn set(resource: Resource, current: u64, maximum: u64, what: impl FnOnce() -> String) -> Result<(), Refusal> {
    let limit = Rlimit { current: Some(current), maximum: Some(maximum) };
    setrlimit(resource, limit).map_err(|error| Refusal::system(what(), error))
}

fn told_path(path: &[u8]) -> String {
    format!("current_dir = {:?}", String::from_utf8_lossy(path))
}

/// Has this thread, and those that it starts, run on these processors only.
fn run_on(numbers: &[usize]) -> Result<(), Refusal> {
    let what = || format!("cpu_affinity = {numbers:?}");
    let mut wanted = CpuSet::new();
    for &number in numbers {
        wanted.set(number);
    }
    sched_setaffinity(None, &wanted).map_err(|error| Refusal::system(what(), error))?;
    let got = sched_getaffinity(None).map_err(|error| Refusal::system(what(), error))?;
    // The system passes over those that it does not have.
    match numbers.iter().find(|&&number| !got.is_set(number)) {
        None => Ok(()),
        Some(number) => Err(Refusal::told(what(), format!("processor {number} is not there or not for this process"))),
    }
}

/// How much of what `memory` counts this process has; nothing, where the system does not say.
fn data_len_bytes() -> u64 {
    const DATA: usize = 5;

    pages_of("/proc/self/statm", DATA).unwrap_or_default()
}

/// How much memory of a process lies in the machine's memory, in bytes: what `ps` calls its resident set. `None` if it
/// has ended.
pub(crate) fn resident_len_bytes(pid: u32) -> Option<u64> {
    const RESIDENT: usize = 1;

    pages_of(&format!("/proc/{pid}/statm"), RESIDENT)
}

fn pages_of(statm: &str, field: usize) -> Option<u64> {
    let pages: u64 = fs::read_to_string(statm).ok()?.split(' ').nth(field)?.trim().parse().ok()?;
    Some(pages * page_size() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_machine_has_is_refused() {
        let of = |limits: &Limits| limits.check().err().map(|refusal| refusal.what);
        let none = Limits::default();
        assert_eq!(of(&none), None);
        assert_eq!(of(&Limits { memory: Some(0), ..none.clone() }).as_deref(), Some("memory_limit = 0"));
        assert_eq!(
            of(&Limits { cpu_time: Some(Duration::ZERO), ..none.clone() }).as_deref(),
            Some("cpu_time_limit = 0s")
        );
        for nice in [-21, 20, i32::MAX] {
            assert_eq!(of(&Limits { nice: Some(nice), ..none.clone() }), Some(format!("nice = {nice}")));
        }
        for numbers in [vec![], vec![0, CpuSet::MAX_CPU]] {
            let what = format!("cpu_affinity = {numbers:?}");
            assert_eq!(of(&Limits { cpu_affinity: Some(numbers), ..none.clone() }), Some(what));
        }
        for path in ["", "a\0b", &"x".repeat(PATH_LEN_BYTES)] {
            let refused = of(&Limits { current_dir: Some(path.into()), ..none.clone() });
            assert!(refused.expect("no path").starts_with("current_dir = "));
        }
        let most = Limits { nice: Some(-20), cpu_affinity: Some(vec![CpuSet::MAX_CPU - 1]), ..none };
        assert_eq!(of(&most), None);
    }

    #[test]
    fn memory_is_counted_as_the_system_counts_it() {
        const LARGE: u64 = 2 << 30;

        // Far more than the tests beside this one have. It is never touched.
        let large = Vec::<u8>::with_capacity(usize::try_from(LARGE).expect("64 bits"));
        assert!(data_len_bytes() >= LARGE);
        let resident = resident_len_bytes(std::process::id()).expect("this process");
        assert!((1 << 20..LARGE).contains(&resident), "{resident}");
        drop(large);
        assert_eq!(resident_len_bytes(u32::MAX), None);
    }
}
