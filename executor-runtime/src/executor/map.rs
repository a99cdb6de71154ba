//! One call for each item, the results in order.
//!
//! ```text
//!  items ─▶ portions ─▶ flights (submitted, not yielded) ─▶ landed ─▶ next()
//!           (chunks)    one future, or one for each call    (one flight's
//!                                                            unread results)
//! ```

use std::fmt;
use std::time::{Duration, Instant};

use super::flights::{Flights, Landed};
use super::portions::{Portion, Portions};
use crate::error::{TaskError, WaitTimeout};
use crate::task::Flight;

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
    portions: Portions<I>,
    /// Waits until something can be submitted at once, at most until then; whether it can.
    room: Box<dyn Fn(Option<Instant>) -> bool + 'p>,
    submit: Box<dyn FnMut(Portion<I::Item>) -> Flight<T> + 'p>,
    /// Submitted and not ended, as far as one has looked; in the order of the items.
    in_flight: Flights<T>,
    /// Results that came together with the last one that was yielded.
    landed: Landed<T>,
    /// So many results can be yielded before there is room in the buffer.
    until_room: usize,
    /// How many items have been submitted.
    submitted: usize,
    fail_fast: bool,
    /// Nothing more is submitted: what is in flight is still yielded.
    ended: bool,
}

impl<'p, I: Iterator, T> Map<'p, I, T> {
    pub(super) fn new(
        items: I,
        max_workers: usize,
        room: impl Fn(Option<Instant>) -> bool + 'p,
        submit: impl FnMut(Portion<I::Item>) -> Flight<T> + 'p,
    ) -> Self {
        Self {
            portions: Portions::new(items, max_workers),
            room: Box::new(room),
            submit: Box::new(submit),
            in_flight: Flights::new(),
            landed: Landed::none(),
            until_room: 0,
            submitted: 0,
            fail_fast: false,
            ended: false,
        }
    }

    /// How many items are submitted together, as one job of the queue (Python: `chunksize`); by default the map finds
    /// out. `chunk_size(1)` submits each by itself. Zero is taken as one.
    ///
    /// Each item has a result of its own, whatever happens to the others of its chunk (in Python one failure loses the
    /// chunk), but the results of a chunk are there when all of it has run, and a chunk that has started is not
    /// cancelled any more. Calls whose options differ are submitted one by one, as are, on threads, those with a time
    /// limit.
    ///
    /// By default the map starts with single items and measures how long the calls take. Short ones go together, as
    /// many as make half a millisecond; towards the end fewer, so that every worker has something to do. One that
    /// takes a quarter of a millisecond or more goes alone. A map does not know what the next calls will be like: where
    /// very short ones are followed by very long ones, the first of these may be in one chunk.
    ///
    /// Items are put together only where the input says, by its `size_hint`, that so many are to come, as ranges and
    /// collections do, and are sent at once where it is slow. So an input that says nothing, such as a channel, may
    /// wait for calls of the map that it is the input of. One that says how many items it has, and waits for its own
    /// map's calls, needs `chunk_size(1)`. One by one are also calls for executors that take no chunks, and for a
    /// pool with [`max_tasks_per_child`](crate::ProcessPoolBuilder::max_tasks_per_child), which is kept exactly then.
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::prelude::*;
    ///
    /// let pool = ThreadPoolExecutor::new(2)?;
    /// let found = pool.map(|n: u64| move || n * n, 0..1_000).collect::<Result<Vec<_>, _>>()?;
    /// let said = pool.map(|n: u64| move || n * n, 0..1_000).chunk_size(100).collect::<Result<Vec<_>, _>>()?;
    /// assert_eq!(found, said);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn chunk_size(mut self, items: usize) -> Self {
        self.portions.set_chunk_size(items);
        self
    }

    /// How many calls and unread results there may be at once (Python: `buffersize`).
    ///
    /// By default four chunks per worker, and no less than 64 items. (In Python there is no limit by default, and
    /// chunks are counted, not calls.) Zero is taken as one, since nothing would ever run. A chunk is never larger
    /// than the buffer; where the map chooses its size, four chunks per worker fit into it.
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
        self.portions.set_buffer_size(items);
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

    /// The next result, if that is a value which is there, and nothing is to be done before it is yielded.
    #[inline]
    fn next_value(&mut self) -> Option<T> {
        let left = self.until_room.checked_sub(1)?;
        let value = self.landed.next_value()?;
        self.until_room = left;
        Some(value)
    }

    /// The next result, if it comes before `deadline`.
    fn next_until(&mut self, deadline: Option<Instant>) -> Result<Option<Result<T, TaskError>>, WaitTimeout> {
        // Whatever is there is yielded, also late.
        if self.until_room > 0 && self.landed.len() > 0 {
            self.until_room -= 1;
            return Ok(self.take_landed());
        }
        let expired = deadline.is_some_and(|deadline| deadline <= Instant::now());
        if !expired && !self.fill(deadline) {
            return Err(WaitTimeout::new(1, self.submitted + 1));
        }
        if self.landed.len() == 0 {
            match self.land(deadline) {
                Ok(false) if expired && !self.ended && self.portions.has_more() => {
                    return Err(WaitTimeout::new(1, self.submitted + 1));
                }
                Ok(_) => {}
                Err(unfinished) => return Err(WaitTimeout::new(unfinished, self.submitted)),
            }
        } else {
            self.until_room = self.until_room.saturating_sub(1);
        }
        Ok(self.take_landed())
    }

    /// Yields a result that is there.
    fn take_landed(&mut self) -> Option<Result<T, TaskError>> {
        let result = self.landed.next();
        match &result {
            // Nothing will ever run there again, and the input may be endless.
            Some(Err(TaskError::PoolShutDown | TaskError::PoolBroken { .. })) if !self.fail_fast => self.ended = true,
            Some(Err(_)) if self.fail_fast => self.stop(),
            _ => {}
        }
        result
    }

    /// Waits for the next job, and takes its results in. False if there is none; an error if it does not end in time:
    /// how many calls have not.
    fn land(&mut self, deadline: Option<Instant>) -> Result<bool, usize> {
        let Some(flown) = self.in_flight.next_until(deadline)? else { return Ok(false) };
        let took;
        (self.landed, took) = flown.land();
        if let Some(took) = took {
            self.portions.landed(self.landed.len(), took);
        }
        // The buffer counts what is in flight in another way than what has landed.
        self.until_room = 0;
        Ok(true)
    }

    /// Submits as much as the buffer and the executor have room for. False if there is no room for anything, and
    /// nothing to wait for instead, until `deadline`.
    fn fill(&mut self, deadline: Option<Instant>) -> bool {
        while !self.ended {
            let size = self.portions.next_size();
            self.until_room = self.portions.lacking(size, &self.in_flight, self.landed.len());
            if self.until_room > 0 {
                break;
            }
            let Some((portion, was_slow)) = self.portions.take(size) else {
                // However much room there is.
                self.until_room = usize::MAX;
                break;
            };
            // A result that may be there is not kept waiting for room.
            let has_some = self.in_flight.calls() + self.landed.len() > 0;
            if !(self.room)(if has_some { Some(Instant::now()) } else { deadline }) {
                self.portions.give_back(portion);
                return has_some;
            }
            self.submit(portion);
            // Nor for an input that is slow.
            if was_slow && (self.landed.len() > 0 || self.land(Some(Instant::now())) == Ok(true)) {
                break;
            }
        }
        true
    }

    fn submit(&mut self, portion: Portion<I::Item>) {
        self.submitted += portion.len();
        let is_chunk = portion.len() > 1;
        let flight = (self.submit)(portion);
        if matches!(flight, Flight::Each(_)) && is_chunk {
            self.portions.taken_one_by_one();
        }
        self.in_flight.add(flight);
    }

    /// Submits nothing more, cancels what has not started, and forgets the rest.
    fn stop(&mut self) {
        self.ended = true;
        self.portions.forget();
        self.landed = Landed::none();
        self.in_flight.cancel();
    }
}

impl<I: Iterator, T> Iterator for Map<'_, I, T> {
    type Item = Result<T, TaskError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if let Some(value) = self.next_value() {
            return Some(Ok(value));
        }
        self.next_until(None).expect("a wait without a limit cannot run out of time")
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let submitted = self.in_flight.calls() + self.landed.len();
        let (low, high) = if self.ended { (0, Some(0)) } else { self.portions.size_hint() };
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
        if let Some(value) = self.map.next_value() {
            return Some(Ok(Ok(value)));
        }
        let item = self.map.next_until(self.deadline);
        if item.is_err() {
            self.over = true;
            self.map.stop();
        }
        item.transpose()
    }
}
