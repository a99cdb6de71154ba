//! One call for each item, the results in order.
//!
//! ```text
//!  items ─▶ portions ─▶ flights (submitted, not yielded) ─▶ landed ─▶ next()
//!           (chunks)    one future, or one for each call    (one flight's
//!                                                            unread results)
//! ```

use std::collections::VecDeque;
use std::fmt;
use std::iter::Fuse;
use std::time::{Duration, Instant};

use super::flights::Flights;
use crate::error::{TaskError, WaitTimeout};
use crate::task::Flight;

/// The least number of calls in flight, however few workers there are.
const MIN_BUFFER: usize = 64;

/// The results of a `map`, in the order of the items (Python: what `Executor.map()` returns).
///
/// - It is lazy: nothing is submitted before the first `next`.
/// - It is bounded: it holds at most [`buffer_size`](Self::buffer_size) calls and unread results, so that an
///   endless input works.
/// - A failed item is that item's `Err`, also inside of a [chunk](Self::chunk_size); the rest goes on. It stops at
///   the first with [`fail_fast`](Self::fail_fast) or `collect::<Result<Vec<_>, _>>()`.
/// - It submits nothing more after an item that says that the executor was shut down or is broken.
///
/// # Errors
///
/// Each item's are those of [`ExecutorExt::submit`](crate::ExecutorExt::submit).
///
/// # Panics
///
/// `next` does where the input, or the closure that makes a call of an item, does. (A panic of the call itself is
/// its item's error.)
///
/// # Cancellation
///
/// Dropping it cancels what it has submitted and not yielded. What runs then goes on, and nobody is told of its
/// failure.
///
/// # Examples
///
/// ```
/// use executor_runtime::prelude::*;
///
/// #[pool_task(process)]
/// fn invert(n: i32) -> i32 {
///     60 / n
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = ProcessPoolExecutor::new(2)?;
/// let results: Vec<_> = pool.map(invert::task, [1, 0, 3]).chunk_size(2).collect();
/// assert_eq!(results[0].as_ref().ok(), Some(&60));
/// assert!(matches!(results[1], Err(TaskError::Panicked(_))));
/// assert_eq!(results[2].as_ref().ok(), Some(&20));
/// # Ok(())
/// # }
/// ```
#[must_use = "a map is lazy: nothing is submitted before it is asked for results"]
pub struct Map<'p, I: Iterator, T> {
    items: Fuse<I>,
    /// Taken off the items, and not submitted for want of room.
    held: Option<Portion<I::Item>>,
    /// Waits until something can be submitted at once, at most until then; whether it can.
    room: Box<dyn Fn(Option<Instant>) -> bool + 'p>,
    submit: Box<dyn FnMut(Portion<I::Item>) -> Flight<T> + 'p>,
    /// Submitted and not ended, as far as one has looked; in the order of the items.
    in_flight: Flights<T>,
    /// Results that came together with the last one that was yielded.
    landed: VecDeque<Result<T, TaskError>>,
    /// How many items have been submitted.
    submitted: usize,
    max_workers: usize,
    chunk_size: usize,
    buffer_size: Option<usize>,
    fail_fast: bool,
    /// Nothing more is submitted: what is in flight is still yielded.
    ended: bool,
}

/// What is submitted at once.
pub(super) enum Portion<A> {
    One(A),
    Many(Vec<A>),
}

impl<A> Portion<A> {
    fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(items) => items.len(),
        }
    }
}

impl<'p, I: Iterator, T> Map<'p, I, T> {
    pub(super) fn new(
        items: I,
        max_workers: usize,
        room: impl Fn(Option<Instant>) -> bool + 'p,
        submit: impl FnMut(Portion<I::Item>) -> Flight<T> + 'p,
    ) -> Self {
        Self {
            items: items.fuse(),
            held: None,
            room: Box::new(room),
            submit: Box::new(submit),
            in_flight: Flights::new(),
            landed: VecDeque::new(),
            submitted: 0,
            max_workers,
            chunk_size: 1,
            buffer_size: None,
            fail_fast: false,
            ended: false,
        }
    }

    /// How many items are submitted together, as one job of the queue (Python: `chunksize`); by default 1.
    ///
    /// It makes many small calls cheaper. Each item still has a result of its own, whatever happens to the others
    /// of its chunk (in Python one failure loses the chunk), but the results of a chunk are there when all of it has
    /// run, and a chunk that has started is not cancelled any more. Calls whose options differ are submitted one by
    /// one, as are, on threads, those with a time limit. Zero is taken as one.
    pub fn chunk_size(mut self, items: usize) -> Self {
        self.chunk_size = items.max(1);
        self
    }

    /// How many calls and unread results there may be at once (Python: `buffersize`).
    ///
    /// By default four chunks per worker, and no less than 64 items. (In Python there is no limit by default, and
    /// chunks are counted, not calls.) Zero is taken as one, since nothing would ever run. A chunk is never larger
    /// than the buffer.
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::prelude::*;
    ///
    /// let pool = ThreadPoolExecutor::new(2)?;
    /// let squares = pool.map(|n: u64| move || n * n, 0..).buffer_size(8);
    /// assert_eq!(squares.take(3).collect::<Result<Vec<_>, _>>()?, [0, 1, 4]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn buffer_size(mut self, items: usize) -> Self {
        self.buffer_size = Some(items.max(1));
        self
    }

    /// Yields the results in the order in which the calls end instead of the order of the items.
    /// (Python: `submit()` for each item, and `as_completed()`.)
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::prelude::*;
    ///
    /// let pool = ThreadPoolExecutor::new(2)?;
    /// let lengths = pool.map(|word: &str| move || word.len(), ["three", "no", "four"]).unordered();
    /// let mut lengths: Vec<usize> = lengths.collect::<Result<_, _>>()?;
    /// lengths.sort_unstable();
    /// assert_eq!(lengths, [2, 4, 5]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn unordered(mut self) -> Self {
        self.in_flight.unordered();
        self
    }

    /// Ends after the first `Err`, and cancels what has been submitted then: the rule of Python's `map()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::prelude::*;
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let results: Vec<_> = pool.map(|n: i32| move || 60 / n, [1, 0, 3]).fail_fast().collect();
    /// assert_eq!(results.len(), 2);
    /// assert!(matches!(results[1], Err(TaskError::Panicked(_))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fail_fast(mut self) -> Self {
        self.fail_fast = true;
        self
    }

    /// Gives up `limit` after this call (Python: `timeout`): the item is then a [`WaitTimeout`], and the last one.
    ///
    /// The clock of Python's `map()` starts here, too. It is a limit for the whole map; for a single call there is
    /// [`Call::timeout`](crate::Call::timeout).
    ///
    /// # Errors
    ///
    /// The item's outer one says that the time is over, the inner one why a call has no value.
    ///
    /// # Cancellation
    ///
    /// Results that are there by then are yielded first; what is not is cancelled, and nothing more is submitted.
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::prelude::*;
    ///
    /// let pool = ThreadPoolExecutor::new(2)?;
    /// for result in pool.map(|n: u64| move || n * n, 0..3).timeout(Duration::from_secs(60)) {
    ///     println!("{}", result??);
    /// }
    /// let mut late = pool.map(|n: u64| move || n * n, 0..3).timeout(Duration::ZERO);
    /// assert!(matches!(late.next(), Some(Err(WaitTimeout { .. }))));
    /// assert!(late.next().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timeout(self, limit: Duration) -> MapTimeout<'p, I, T> {
        // A limit past the end of the clock is no limit.
        MapTimeout { deadline: Instant::now().checked_add(limit), map: self, over: false }
    }

    /// The next result, if it comes before `deadline`.
    fn next_until(&mut self, deadline: Option<Instant>) -> Result<Option<Result<T, TaskError>>, WaitTimeout> {
        let expired = deadline.is_some_and(|deadline| deadline <= Instant::now());
        if !expired && !self.fill(deadline) {
            return Err(WaitTimeout::new(1, self.submitted + 1));
        }
        if self.landed.is_empty() {
            match self.in_flight.next_until(deadline) {
                Ok(Some(flown)) => flown.land(&mut self.landed),
                Ok(None) if expired && !self.ended && (self.held.is_some() || self.items.next().is_some()) => {
                    return Err(WaitTimeout::new(1, self.submitted + 1));
                }
                Ok(None) => {}
                Err(unfinished) => return Err(WaitTimeout::new(unfinished, self.submitted)),
            }
        }
        let result = self.landed.pop_front();
        match &result {
            // Nothing will ever run there again, and the input may be endless.
            Some(Err(TaskError::PoolShutDown | TaskError::PoolBroken { .. })) if !self.fail_fast => self.ended = true,
            Some(Err(_)) if self.fail_fast => self.stop(),
            _ => {}
        }
        Ok(result)
    }

    /// Submits as much as the buffer and the executor have room for. False if there is no room for anything, and
    /// nothing to wait for instead, until `deadline`.
    fn fill(&mut self, deadline: Option<Instant>) -> bool {
        let least = self.chunk_size.saturating_mul(self.max_workers).saturating_mul(4).max(MIN_BUFFER);
        let buffer_size = self.buffer_size.unwrap_or(least);
        let chunk_size = self.chunk_size.min(buffer_size);
        while !self.ended && self.in_flight.calls() + self.landed.len() + chunk_size <= buffer_size {
            let Some(portion) = self.held.take().or_else(|| self.next_portion(chunk_size)) else { break };
            // A result that may be there is not kept waiting for room.
            let has_some = self.in_flight.calls() + self.landed.len() > 0;
            if !(self.room)(if has_some { Some(Instant::now()) } else { deadline }) {
                self.held = Some(portion);
                return has_some;
            }
            self.submitted += portion.len();
            self.in_flight.add((self.submit)(portion));
        }
        true
    }

    fn next_portion(&mut self, chunk_size: usize) -> Option<Portion<I::Item>> {
        if chunk_size == 1 {
            return self.items.next().map(Portion::One);
        }
        let items: Vec<_> = self.items.by_ref().take(chunk_size).collect();
        (!items.is_empty()).then_some(Portion::Many(items))
    }

    /// Submits nothing more, cancels what has not started, and forgets the rest.
    fn stop(&mut self) {
        self.ended = true;
        self.held = None;
        self.landed.clear();
        self.in_flight.cancel();
    }
}

impl<I: Iterator, T> Iterator for Map<'_, I, T> {
    type Item = Result<T, TaskError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_until(None).expect("a wait without a limit cannot run out of time")
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let held = self.held.as_ref().filter(|_| !self.ended).map_or(0, Portion::len);
        let submitted = self.in_flight.calls() + self.landed.len() + held;
        let (low, high) = if self.ended { (0, Some(0)) } else { self.items.size_hint() };
        let low = if self.fail_fast { 0 } else { low.saturating_add(submitted) };
        (low, high.and_then(|high| high.checked_add(submitted)))
    }
}

impl<I: Iterator, T> Drop for Map<'_, I, T> {
    fn drop(&mut self) {
        self.in_flight.cancel();
    }
}

impl<I: Iterator, T> fmt::Debug for Map<'_, I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map")
            .field("in_flight", &self.in_flight.calls())
            .field("landed", &self.landed.len())
            .finish_non_exhaustive()
    }
}

/// The iterator of [`Map::timeout`]. Dropping it cancels what it has submitted and not yielded.
#[must_use = "a map is lazy: nothing is submitted before it is asked for results"]
#[derive(Debug)]
pub struct MapTimeout<'p, I: Iterator, T> {
    map: Map<'p, I, T>,
    deadline: Option<Instant>,
    over: bool,
}

impl<I: Iterator, T> Iterator for MapTimeout<'_, I, T> {
    type Item = Result<Result<T, TaskError>, WaitTimeout>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let item = self.map.next_until(self.deadline);
        if item.is_err() {
            self.over = true;
            self.map.stop();
        }
        item.transpose()
    }
}
