//! Which pool a thread works for, and which pool a job is queued in.
//!
//! A worker thread that waits for a job of its own pool runs it itself, and a
//! worker thread never waits for its own pool to end: both need to know.

use std::cell::Cell;
use std::sync::atomic::AtomicU64;

use crossbeam::utils::CachePadded;

use crate::sync::{AtomicUsize, Ordering, thread_local};

/// A pool, by a number that no other pool of this process has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Home(u64);

thread_local! {
    static CURRENT: Cell<Option<Home>> = const { Cell::new(None) };
    static WAITS_FOR_NOBODY: Cell<bool> = const { Cell::new(false) };
}

/// Says for the rest of the calling thread's life that it must not wait for any pool to end.
pub(super) fn wait_for_nobody() {
    WAITS_FOR_NOBODY.with(|nobody| nobody.set(true));
}

/// Whether the calling thread may wait for the pool `home` to end.
pub(crate) fn may_wait_for(home: Home) -> bool {
    !at_home(home) && !WAITS_FOR_NOBODY.with(Cell::get)
}

impl Home {
    pub(crate) fn new() -> Self {
        // Not one of `sync`: shuttle's may not outlive a schedule.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // Relaxed: only the uniqueness of the number counts.
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// Says for the rest of the calling thread's life that it works for this pool.
    pub(crate) fn enter(self) {
        CURRENT.with(|current| current.set(Some(self)));
    }

    /// As [`Home::enter`], as long as `visit` runs.
    pub(crate) fn visit(self, visit: impl FnOnce()) {
        let before = CURRENT.with(|current| current.replace(Some(self)));
        visit();
        CURRENT.with(|current| current.set(before));
    }
}

/// Whether the calling thread works for the pool `home`.
pub(crate) fn at_home(home: Home) -> bool {
    CURRENT.with(Cell::get) == Some(home)
}

/// How many jobs of a pool are queued or running.
///
/// Two numbers that only grow, since they are in different hands: submitters write one, lanes the other, and each
/// is on a cache line of its own.
#[derive(Default)]
pub(crate) struct Load {
    submitted: CachePadded<AtomicUsize>,
    ended: CachePadded<AtomicUsize>,
}

impl Load {
    /// Counts one more job.
    pub(crate) fn add(&self) {
        // Relaxed: the job is queued under a lock after this, and ends after that.
        self.submitted.fetch_add(1, Ordering::Relaxed);
    }

    /// These count no more.
    pub(crate) fn take_off(&self, jobs: usize) {
        // Release: see `now`.
        self.ended.fetch_add(jobs, Ordering::Release);
    }

    /// How many there are. Those that are submitted at this very moment may count or not.
    pub(crate) fn now(&self) -> usize {
        // Acquire, and first: whatever has ended is then seen as submitted, so that no difference is below zero. It
        // also pairs with the release of a seat, so that a submitter that has seen a job's result sees its lane as free.
        let ended = self.ended.load(Ordering::Acquire);
        self.submitted.load(Ordering::Relaxed).wrapping_sub(ended)
    }
}

/// A job's share of its pool's load, given back once: before its result is
/// published, or when the job turns out to be cancelled.
///
/// Giving it back *before* publishing is what lets a submitter that has just
/// got a result find the worker free, instead of starting one more.
#[derive(Default)]
pub(crate) struct Seat<'a> {
    load: Option<&'a Load>,
}

impl<'a> Seat<'a> {
    pub(crate) fn new(load: &'a Load) -> Self {
        Self { load: Some(load) }
    }

    /// For a job that is run by its waiter: its seat is still in the queue.
    pub(crate) fn none() -> Self {
        Self::default()
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        if let Some(load) = self.load {
            load.take_off(1);
        }
    }
}
