//! What a scope waits for.
//!
//! 1. A job enters the group when it is submitted and gets a [`Membership`].
//! 2. The membership lies beside the job's closure and is dropped after the
//!    closure, the callbacks and, if its future is gone, the value (see the
//!    core's rule 6). A refused job drops it with its closure.
//! 3. [`Group::close`] returns when no membership is left. So nothing that was
//!    submitted through a scope can touch what the scope borrowed after it ends.

use std::sync::{Arc, Weak};

use super::Handle;
use crate::error::TaskError;
use crate::sync::{Condvar, Mutex};

/// The jobs of one scope.
#[derive(Default)]
pub(crate) struct Group {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Default)]
struct Inner {
    open: usize,
    /// Jobs that may not have ended; swept when most of them have.
    jobs: Vec<Weak<dyn Handle>>,
}

impl Group {
    /// Counts one more job.
    pub(crate) fn enter(self: &Arc<Self>) -> Membership {
        self.inner.lock().open += 1;
        Membership { group: Arc::clone(self) }
    }

    /// Names the job that entered, so that it can be cancelled and helped.
    pub(crate) fn add(&self, job: Weak<dyn Handle>) {
        let mut inner = self.inner.lock();
        if inner.jobs.len() >= 64 && inner.jobs.len() >= 2 * inner.open {
            inner.jobs.retain(is_open);
        }
        inner.jobs.push(job);
        drop(inner);
        // The scope may be waiting already: a job of it has submitted this one.
        self.changed.notify_all();
    }

    /// Waits until every job has ended, after cancelling those that have not started if `cancel_pending`.
    pub(crate) fn close(&self, cancel_pending: bool) {
        let mut inner = self.inner.lock();
        while inner.open > 0 {
            let jobs = std::mem::take(&mut inner.jobs);
            if jobs.is_empty() {
                inner = self.changed.wait(inner, None);
                continue;
            }
            drop(inner);
            for job in jobs.iter().filter_map(Weak::upgrade) {
                if cancel_pending {
                    job.refuse(TaskError::Cancelled);
                } else {
                    job.help();
                }
            }
            inner = self.inner.lock();
        }
    }
}

fn is_open(job: &Weak<dyn Handle>) -> bool {
    job.upgrade().is_some_and(|job| !job.status().state().is_done())
}

/// Proof that a job has not ended yet; see the module's rules.
pub(crate) struct Membership {
    group: Arc<Group>,
}

impl Drop for Membership {
    fn drop(&mut self) {
        let mut inner = self.group.inner.lock();
        inner.open -= 1;
        let last = inner.open == 0;
        drop(inner);
        if last {
            self.group.changed.notify_all();
        }
    }
}
