//! Jobs in the order in which they ended, for those who wait for several.

use std::collections::VecDeque;
use std::task::Waker;
use std::time::Instant;

use super::contained;
use crate::sync::{Condvar, Mutex};

/// Told when a job is done.
pub(crate) trait Watcher: Send + Sync {
    fn job_done(&self, token: usize);
}

/// Counts jobs that are done.
#[derive(Default)]
pub(super) struct DoneList {
    inner: Mutex<Inner>,
    more: Condvar,
}

#[derive(Default)]
struct Inner {
    tokens: VecDeque<usize>,
    /// Of a task of an async runtime that waits for the next token.
    waker: Option<Waker>,
}

impl DoneList {
    /// The next job that is done, or `None` if `deadline` came first.
    pub(super) fn next(&self, deadline: Option<Instant>) -> Option<usize> {
        let mut inner = self.inner.lock();
        loop {
            if let Some(token) = inner.tokens.pop_front() {
                return Some(token);
            }
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return None;
            }
            inner = self.more.wait(inner, deadline);
        }
    }

    /// The next job that is done, or leaves `waker` to be woken when there is one.
    pub(super) fn poll(&self, waker: &Waker) -> Option<usize> {
        // A waker is user code, also when it is cloned and dropped.
        let waker = waker.clone();
        let mut inner = self.inner.lock();
        let token = inner.tokens.pop_front();
        let old = if token.is_none() { inner.waker.replace(waker) } else { None };
        drop(inner);
        drop(old);
        token
    }
}

impl Watcher for DoneList {
    fn job_done(&self, token: usize) {
        let mut inner = self.inner.lock();
        inner.tokens.push_back(token);
        let waker = inner.waker.take();
        drop(inner);
        self.more.notify_all();
        if let Some(waker) = waker {
            contained(|| waker.wake());
        }
    }
}
