//! Futures in the order in which they end.

use std::collections::{BTreeMap, HashSet};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_core::Stream;

use super::TaskId;
use super::wait::{Waitable, Watching};
use crate::error::WaitTimeout;

/// Yields each future as it ends (Python: `concurrent.futures.as_completed`).
///
/// Takes futures, references to futures, or `(key, future)` pairs, and yields what it was given;
/// those that are done already come first. A future that is given twice, by reference, is yielded once;
/// `(key, future)` pairs are never merged. Each is let go of when it is yielded.
///
/// # Cancellation
///
/// A future that is cancelled, by whomever, is done and yielded. Dropping the iterator drops what it has not
/// yielded: futures that were given by value are detached, and none is cancelled.
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
    let mut all =
        AsCompleted { waiting: BTreeMap::new(), known: HashSet::new(), given: 0, helped: 0, watching: Watching::new() };
    for future in futures {
        all.push(future);
    }
    all
}

/// The iterator of [`as_completed`]. It can be added to with [`push`](Self::push).
#[must_use = "an iterator does nothing until it is asked for its next item"]
pub struct AsCompleted<F: Waitable> {
    /// By token. What was yielded is gone from here, so that nothing is kept of it.
    waiting: BTreeMap<usize, F>,
    /// Those in `waiting` that are to be merged.
    known: HashSet<TaskId>,
    /// How many there have ever been; the next token.
    given: usize,
    /// Those before this token were offered the calling thread.
    helped: usize,
    watching: Watching,
}

impl<F: Waitable> AsCompleted<F> {
    /// Adds a future (Python has none). One that is waited for already, and given once more by reference, is not
    /// added again. An iterator that has come to its end goes on with it.
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::prelude::*;
    ///
    /// let pool = ThreadPoolExecutor::new(2)?;
    /// let count_down = |n: u32| pool.submit(move || n);
    /// let mut left = as_completed([count_down(3)]);
    /// let mut seen = Vec::new();
    /// while let Some(future) = left.next() {
    ///     let n = future.result()?;
    ///     seen.push(n);
    ///     if n > 0 {
    ///         left.push(count_down(n - 1));
    ///     }
    /// }
    /// assert_eq!(seen, [3, 2, 1, 0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn push(&mut self, future: F) {
        if !future.identity().is_none_or(|id| self.known.insert(id)) {
            return;
        }
        let token = self.given;
        self.given += 1;
        self.watching.add(&future, token);
        self.waiting.insert(token, future);
    }

    /// Gives up `limit` after this call (Python: `timeout`, counted from the first `next`): the item is then a
    /// [`WaitTimeout`], and the last one.
    ///
    /// What is done by then is yielded before it, also with a limit of zero.
    ///
    /// # Errors
    ///
    /// The time is over. Why a task has no value is in its future.
    ///
    /// # Cancellation
    ///
    /// A time-out cancels nothing: what is not done goes on, and its futures are dropped with the iterator.
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::prelude::*;
    /// use executor_runtime::promise;
    ///
    /// let (done, first) = promise();
    /// let (_promise, second) = promise();
    /// done.complete(1).expect("not cancelled");
    /// let mut ends = as_completed([first, second]).timeout(Duration::ZERO);
    /// assert_eq!(ends.next().expect("two were given")?.result()?, 1);
    /// let late = ends.next().expect("one is not done").unwrap_err();
    /// assert_eq!(late.to_string(), "1 (of 2) futures unfinished");
    /// assert!(ends.next().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timeout(self, limit: Duration) -> AsCompletedTimeout<F> {
        AsCompletedTimeout { deadline: Instant::now().checked_add(limit), inner: self, over: false }
    }

    /// The same for async code: a [`Stream`] of what the iterator would yield, for any async runtime
    /// (Python: `asyncio.as_completed()`).
    ///
    /// It is a type of its own, since one that is both would have two methods `next`. Time limits are the
    /// runtime's.
    ///
    /// # Cancellation
    ///
    /// The future of a `next` may be dropped at any time, as in a `select!`: nothing is lost. Dropping the stream is
    /// dropping the iterator.
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::prelude::*;
    /// use futures::StreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let pool = ThreadPoolExecutor::new(2)?;
    /// let mut done = as_completed((0..3).map(|n| pool.submit(move || n))).stream();
    /// let mut sum = 0;
    /// while let Some(future) = done.next().await {
    ///     sum += future.await?;
    /// }
    /// assert_eq!(sum, 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stream(self) -> AsCompletedStream<F> {
        AsCompletedStream { inner: self }
    }

    pub(crate) fn next_until(&mut self, deadline: Option<Instant>) -> Result<Option<F>, WaitTimeout> {
        if self.waiting.is_empty() {
            return Ok(None);
        }
        match self.next_token(deadline) {
            Some(token) => Ok(Some(self.take(token))),
            None => Err(WaitTimeout::new(self.waiting.len(), self.given)),
        }
    }

    /// Takes out what has not been yielded, the last first.
    pub(crate) fn take_waiting(&mut self) -> impl Iterator<Item = F> {
        self.known.clear();
        std::mem::take(&mut self.waiting).into_values().rev()
    }

    fn take(&mut self, token: usize) -> F {
        let future = self.waiting.remove(&token).expect("each future is done once");
        if let Some(id) = future.identity() {
            self.known.remove(&id);
        }
        future
    }

    fn next_token(&mut self, deadline: Option<Instant>) -> Option<usize> {
        // Whatever is done already comes first; then lend a hand (which could
        // outlast a limit, so only where there is none); then wait.
        let now = Some(Instant::now());
        while deadline.is_none() && self.helped < self.given {
            if let Some(token) = self.watching.list.next(now) {
                return Some(token);
            }
            if let Some(future) = self.waiting.get(&self.helped) {
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
        (self.waiting.len(), Some(self.waiting.len()))
    }
}

impl<F: Waitable> ExactSizeIterator for AsCompleted<F> {}

impl<F: Waitable> Drop for AsCompleted<F> {
    fn drop(&mut self) {
        for future in self.waiting.values() {
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

impl<F: Waitable> AsCompletedTimeout<F> {
    /// Adds a future: as [`AsCompleted::push`]. The limit stays where it is; once it has been told that it is
    /// over, nothing more is yielded.
    pub fn push(&mut self, future: F) {
        self.inner.push(future);
    }
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

/// The stream of [`AsCompleted::stream`].
#[must_use = "a stream does nothing until it is asked for its next item"]
pub struct AsCompletedStream<F: Waitable> {
    inner: AsCompleted<F>,
}

impl<F: Waitable> AsCompletedStream<F> {
    /// Adds a future: as [`AsCompleted::push`]. A stream that has come to its end goes on with it.
    pub fn push(&mut self, future: F) {
        self.inner.push(future);
    }
}

/// The futures in it are moved, never pinned.
impl<F: Waitable> Unpin for AsCompletedStream<F> {}

impl<F: Waitable> Stream for AsCompletedStream<F> {
    type Item = F;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<F>> {
        let all = &mut self.get_mut().inner;
        if all.waiting.is_empty() {
            return Poll::Ready(None);
        }
        match all.watching.list.poll(context.waker()) {
            Some(token) => Poll::Ready(Some(all.take(token))),
            None => Poll::Pending,
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}
