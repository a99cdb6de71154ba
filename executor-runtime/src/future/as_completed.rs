//! Futures in the order in which they end.

use std::time::{Duration, Instant};

use super::wait::{Waitable, Watching};
use crate::error::WaitTimeout;

/// Yields each future as it ends (Python: `concurrent.futures.as_completed`).
///
/// Takes futures, references to futures, or `(key, future)` pairs, and yields what it was given;
/// those that are done already come first. Dropping the iterator drops what it has not yielded.
///
/// # Examples
///
/// ```
/// use executor_runtime::prelude::*;
///
/// let pool = ThreadPoolExecutor::new(2)?;
/// let named = ["a", "bb"].map(|name| (name, pool.submit(move || name.len())));
/// for (name, future) in as_completed(named) {
///     assert_eq!(future.result()?, name.len());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn as_completed<I>(futures: I) -> AsCompleted<I::Item>
where
    I: IntoIterator,
    I::Item: Waitable,
{
    let watching = Watching::new();
    let waiting: Vec<_> = futures.into_iter().map(Some).collect();
    for (token, future) in waiting.iter().flatten().enumerate() {
        watching.add(future, token);
    }
    AsCompleted { left: waiting.len(), waiting, helped: 0, watching }
}

/// The iterator of [`as_completed`].
#[must_use = "an iterator does nothing until it is asked for its next item"]
pub struct AsCompleted<F: Waitable> {
    /// By token; `None` once yielded, so that nothing is kept of it.
    waiting: Vec<Option<F>>,
    left: usize,
    /// Those before this token were offered the calling thread.
    helped: usize,
    watching: Watching,
}

impl<F: Waitable> AsCompleted<F> {
    /// Gives up `limit` after this call: the item is then a [`WaitTimeout`], and the last one.
    pub fn timeout(self, limit: Duration) -> AsCompletedTimeout<F> {
        AsCompletedTimeout { deadline: Instant::now().checked_add(limit), inner: self, over: false }
    }

    pub(crate) fn next_until(&mut self, deadline: Option<Instant>) -> Result<Option<F>, WaitTimeout> {
        if self.left == 0 {
            return Ok(None);
        }
        let Some(token) = self.next_token(deadline) else {
            return Err(WaitTimeout::new(self.left, self.waiting.len()));
        };
        self.left -= 1;
        Ok(self.waiting[token].take())
    }

    /// Adds a future.
    pub fn push(&mut self, future: F) {
        self.watching.add(&future, self.waiting.len());
        self.waiting.push(Some(future));
        self.left += 1;
    }

    /// Takes out what has not been yielded.
    pub(crate) fn take_waiting(&mut self) -> impl Iterator<Item = F> {
        self.left = 0;
        std::mem::take(&mut self.waiting).into_iter().flatten()
    }

    fn next_token(&mut self, deadline: Option<Instant>) -> Option<usize> {
        // Whatever is done already comes first; then lend a hand (which could
        // outlast a limit, so only where there is none); then wait.
        let now = Some(Instant::now());
        while deadline.is_none() && self.helped < self.waiting.len() {
            if let Some(token) = self.watching.list.next(now) {
                return Some(token);
            }
            if let Some(future) = &self.waiting[self.helped] {
                future.help();
            }
            self.helped += 1;
        }
        self.watching.list.next(deadline)
    }
}

impl<F: Waitable> Iterator for AsCompleted<F> {
    type Item = F;

    fn next(&mut self) -> Option<F> {
        self.next_until(None).expect("a wait without a limit cannot run out of time")
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<F: Waitable> ExactSizeIterator for AsCompleted<F> {}

impl<F: Waitable> Drop for AsCompleted<F> {
    fn drop(&mut self) {
        for future in self.waiting.iter().flatten() {
            self.watching.remove(future);
        }
    }
}

/// The iterator of [`AsCompleted::timeout`].
#[must_use = "an iterator does nothing until it is asked for its next item"]
pub struct AsCompletedTimeout<F: Waitable> {
    inner: AsCompleted<F>,
    deadline: Option<Instant>,
    over: bool,
}

impl<F: Waitable> Iterator for AsCompletedTimeout<F> {
    type Item = Result<F, WaitTimeout>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let item = self.inner.next_until(self.deadline);
        self.over = item.is_err();
        item.transpose()
    }
}
