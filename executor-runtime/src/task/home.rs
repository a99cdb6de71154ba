//! Which pool a thread works for, and which pool a job is queued in.
//!
//! A worker thread that waits for a job of its own pool runs it itself, and a
//! worker thread never waits for its own pool to end: both need to know.

use std::cell::Cell;
use std::sync::atomic::AtomicU64;

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

/// A job's share of its pool's load, given back once: before its result is
/// published, or when the job turns out to be cancelled.
///
/// Giving it back *before* publishing is what lets a submitter that has just
/// got a result find the worker free, instead of starting one more.
#[derive(Default)]
pub(crate) struct Seat<'a> {
    load: Option<&'a AtomicUsize>,
}

impl<'a> Seat<'a> {
    pub(crate) fn new(load: &'a AtomicUsize) -> Self {
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
            // AcqRel: pairs with the submitter's increment, which decides
            // whether one more worker is needed.
            load.fetch_sub(1, Ordering::AcqRel);
        }
    }
}
