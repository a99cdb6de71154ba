//! A limit for the jobs that wait in one pool (`max_pending`).
//!
//! 1. Before a job is made it gets a [`Permit`]; there are as many as jobs may wait.
//! 2. The permit lies beside the job's closure or arguments and goes when they do:
//!    when the job starts, wherever that is, or is cancelled or refused. So a place
//!    is free as soon as the job is, however long its shell stays in the queue.
//! 3. A backlog that is closed lets everybody through: the queue will refuse them.

use std::sync::Arc;
use std::time::Instant;

use crate::sync::{Condvar, Mutex};

/// See the module.
pub(crate) struct Backlog {
    max: usize,
    inner: Mutex<Inner>,
    /// A permit was given back, or the backlog was closed.
    changed: Condvar,
}

#[derive(Default)]
struct Inner {
    /// Permits that are out. More than `max` where somebody could not wait.
    out: usize,
    closed: bool,
}

impl Backlog {
    /// Room for `max` jobs.
    pub(crate) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { max, inner: Mutex::default(), changed: Condvar::default() })
    }

    /// Waits for room, if the caller `may_wait`; if not, the limit does not hold.
    pub(crate) fn admit(self: &Arc<Self>, may_wait: bool) -> Permit {
        let mut inner = self.inner.lock();
        while may_wait && inner.out >= self.max && !inner.closed {
            inner = self.changed.wait(inner, None);
        }
        inner.out += 1;
        Permit(Arc::clone(self))
    }

    /// Waits for room, at most until `deadline`; whether there is any. Somebody else may take it first.
    pub(crate) fn wait_for_room(&self, deadline: Option<Instant>) -> bool {
        let mut inner = self.inner.lock();
        while inner.out >= self.max && !inner.closed {
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return false;
            }
            inner = self.changed.wait(inner, deadline);
        }
        drop(inner);
        // The place was not taken, so whoever waits next for it has to know.
        self.changed.notify_one();
        true
    }

    /// A permit if there is room now.
    pub(crate) fn try_admit(self: &Arc<Self>) -> Option<Permit> {
        let mut inner = self.inner.lock();
        if inner.out >= self.max && !inner.closed {
            return None;
        }
        inner.out += 1;
        Some(Permit(Arc::clone(self)))
    }

    /// Lets everybody through from now on.
    pub(crate) fn close(&self) {
        self.inner.lock().closed = true;
        self.changed.notify_all();
    }
}

/// A place in a pool's backlog, until it is dropped.
pub(crate) struct Permit(Arc<Backlog>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.inner.lock().out -= 1;
        self.0.changed.notify_one();
    }
}
