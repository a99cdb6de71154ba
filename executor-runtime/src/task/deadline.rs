//! Deadlines of tasks on threads.
//!
//! A thread cannot be killed, so one thread of this process watches the clock
//! for all of them and releases whoever waits. It starts with the first task
//! that has a limit.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::sync::{LazyLock, Weak};
use std::time::{Duration, Instant};

use super::home::wait_for_nobody;
use crate::sync::{Condvar, Mutex};

/// A running job that can be told that its time is over.
pub(crate) trait Expire: Send + Sync {
    fn expire(&self, limit: Duration);
}

#[derive(Default)]
struct Clock {
    due: Mutex<Schedule>,
    changed: Condvar,
}

#[derive(Default)]
struct Schedule {
    heap: BinaryHeap<Reverse<Due>>,
    /// Jobs that have ended are swept out when the heap is as long as this.
    sweep_at: usize,
}

impl Schedule {
    fn add(&mut self, due: Due) {
        // A job that has ended holds its memory until its limit would have come.
        if self.heap.len() >= self.sweep_at {
            self.heap.retain(|Reverse(due)| due.job.strong_count() > 0);
            self.sweep_at = (2 * self.heap.len()).max(64);
        }
        self.heap.push(Reverse(due));
    }
}

struct Due {
    at: Instant,
    limit: Duration,
    job: Weak<dyn Expire>,
}

/// Tells `job` when `limit` has passed from now, unless it has ended by then.
///
/// # Errors
///
/// The system's, where it has no thread left to watch the clock.
pub(crate) fn watch(limit: Duration, job: Weak<dyn Expire>) -> io::Result<()> {
    static CLOCK: LazyLock<Clock> = LazyLock::new(Clock::default);
    static STARTED: LazyLock<Mutex<bool>> = LazyLock::new(Mutex::default);

    // A limit past the end of the clock is no limit.
    let Some(at) = Instant::now().checked_add(limit) else {
        return Ok(());
    };
    let mut started = STARTED.lock();
    if !*started {
        std::thread::Builder::new().name("task-deadlines".to_owned()).spawn(|| CLOCK.run())?;
        *started = true;
    }
    drop(started);
    CLOCK.due.lock().add(Due { at, limit, job });
    CLOCK.changed.notify_all();
    Ok(())
}

impl Clock {
    fn run(&self) {
        // Callbacks of timed-out jobs run here, and may drop the last handle of a pool.
        wait_for_nobody();
        let mut due = self.due.lock();
        loop {
            let next = due.heap.peek().map(|Reverse(next)| next.at);
            if next.is_some_and(|at| at <= Instant::now()) {
                if let Some(Reverse(Due { limit, job, .. })) = due.heap.pop()
                    && let Some(job) = job.upgrade()
                {
                    drop(due);
                    job.expire(limit);
                    drop(job);
                    due = self.due.lock();
                }
            } else {
                due = self.changed.wait(due, next);
            }
        }
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}
