//! What is known of a worker's death, put together for those who wait for its task.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::words::Words;
use crate::error::{DeathHint, WorkerDeath, WorkerExit};
use crate::sys::process::Process;
use crate::sys::{memory, overflow};
use crate::task::RunningJob;

/// How things stood when a worker came.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Birth {
    /// What [`memory::peak_bytes`] told in the worker: most of that may have been its parent's.
    pub(crate) memory_bytes: u64,
    /// What [`memory::oom_kills`] told before it was started.
    pub(crate) oom_kills: Option<u64>,
}

/// See the module.
pub(super) struct Obituary {
    pid: u32,
    exit: WorkerExit,
    hint: Option<DeathHint>,
    peak_memory_bytes: Option<u64>,
    last_words: String,
}

impl Obituary {
    /// Of a worker that has been reaped.
    pub(super) fn new(process: &Process, exit: WorkerExit, birth: Birth, words: &Words) -> Self {
        let last_words = words.text();
        let was_killed_for_memory = || {
            if process.was_killed() {
                return false;
            }
            let claimed = &mut *CLAIMED.lock().unwrap_or_else(PoisonError::into_inner);
            explains(birth.oom_kills, memory::oom_kills(), claimed)
        };
        let hint = hint(exit, &last_words, was_killed_for_memory);
        // What it had from the start says nothing of what it has used.
        let peak_memory_bytes = process.peak_memory_bytes().filter(|bytes| *bytes > birth.memory_bytes);
        Self { pid: process.pid(), exit, hint, peak_memory_bytes, last_words }
    }

    /// The death as it is told to those who wait for this job.
    pub(super) fn of(&self, job: &RunningJob, ran_for: Duration) -> WorkerDeath {
        WorkerDeath {
            pid: self.pid,
            exit: self.exit,
            hint: self.hint,
            task: job.name().to_owned(),
            task_id: job.task_id(),
            ran_for,
            attempts: job.attempts(),
            peak_memory_bytes: self.peak_memory_bytes,
            last_words: self.last_words.clone(),
        }
    }
}

fn hint(exit: WorkerExit, words: &str, was_killed_for_memory: impl FnOnce() -> bool) -> Option<DeathHint> {
    match exit.signal_name()? {
        "SIGKILL" => was_killed_for_memory().then_some(DeathHint::OutOfMemory),
        // Std ends by the one, and our own handler by the other.
        "SIGABRT" | "SIGSEGV" | "SIGBUS" if words.contains(overflow::SIGN) => Some(DeathHint::StackOverflow),
        "SIGABRT" if tells_failed_allocation(words) => Some(DeathHint::AllocationFailed),
        _ => None,
    }
}

/// Whether there is a line of std's: `memory allocation of 8 bytes failed`.
fn tells_failed_allocation(words: &str) -> bool {
    words
        .lines()
        .filter_map(|line| line.strip_prefix("memory allocation of ")?.split_once(" bytes failed"))
        .any(|(bytes, _)| !bytes.is_empty() && bytes.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Up to here the counter of kills has explained deaths of this process's workers.
static CLAIMED: Mutex<u64> = Mutex::new(0);

/// Whether a worker was killed because memory ran out: somebody was since it came, and no other worker's death is
/// explained by that. The counter does not say who.
fn explains(at_birth: Option<u64>, now: Option<u64>, claimed: &mut u64) -> bool {
    let (Some(at_birth), Some(now)) = (at_birth, now) else { return false };
    let known = at_birth.max(*claimed);
    if now <= known {
        return false;
    }
    *claimed = known + 1;
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kill_for_want_of_memory_explains_one_death_only() {
        let mut claimed = 0;
        assert!(!explains(Some(3), Some(3), &mut claimed), "nobody was killed");
        assert!(explains(Some(3), Some(5), &mut claimed));
        assert!(explains(Some(3), Some(5), &mut claimed), "two were");
        assert!(!explains(Some(3), Some(5), &mut claimed));
        assert!(!explains(Some(5), Some(5), &mut claimed), "one that came later");
        assert!(explains(Some(5), Some(6), &mut claimed));
        assert!(!explains(None, Some(9), &mut claimed) && !explains(Some(6), None, &mut claimed));
        // Ours was none of the first kills, which were long ago.
        let mut claimed = 0;
        assert!(explains(Some(7), Some(8), &mut claimed) && !explains(Some(7), Some(8), &mut claimed));
    }

    #[test]
    fn a_hint_needs_the_words_and_the_signal_that_goes_with_them() {
        let hint = |signal, words: &str, oom| hint(WorkerExit::Signal(signal), words, || oom);
        let allocation = "memory allocation of 4611686018427387904 bytes failed";
        let overflow = "\nthread 'task' (12) has overflowed its stack\nfatal runtime error: stack overflow, aborting";
        assert_eq!(hint(6, allocation, false), Some(DeathHint::AllocationFailed));
        assert_eq!(hint(6, overflow, false), Some(DeathHint::StackOverflow));
        assert_eq!(hint(11, overflow, false), Some(DeathHint::StackOverflow));
        assert_eq!(hint(9, "", true), Some(DeathHint::OutOfMemory));
        assert_eq!([hint(9, overflow, false), hint(11, allocation, true), hint(6, "", true)], [None; 3]);
        assert_eq!(hint(6, "memory allocation of nothing bytes failed", false), None);
        assert_eq!(super::hint(WorkerExit::Code(1), overflow, || true), None);
    }
}
