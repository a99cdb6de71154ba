//! One call for each item, the results in order. How large chunks are is
//! what the user says, or comes from the `pace`.
//!
//! ```text
//!  items ─▶ portions ─▶ flights (submitted, not yielded) ─▶ landed ─▶ next()
//!           (chunks)    one future, or one for each call    (one flight's
//!                                                            unread results)
//! ```

use std::fmt;
use std::iter::Fuse;
use std::time::{Duration, Instant};

use super::flights::{Flights, Landed};
use super::pace::Pace;
use crate::error::{TaskError, WaitTimeout};
use crate::task::{Flight, Sizing};

/// The least number of calls in flight, however few workers there are.
const MIN_BUFFER: usize = 64;

/// The largest number of calls in flight where the map chooses the size of its chunks.
const MAX_BUFFER: usize = 65_536;

/// So many chunks for each worker are in the buffer.
const CHUNKS_PER_WORKER: usize = 4;

/// What a chunk is worth where the map chooses its size: much more than the way of a chunk to a worker and back costs,
/// and little enough to be waited for. A call of half of it or more goes alone.
const WORTH: Duration = Duration::from_micros(500);

/// A chunk that is worth less is not made smaller to have something left for every worker.
const LEAST_WORTH: Duration = Duration::from_micros(20);

/// An input that keeps the map waiting for so long is slow: what it has given is sent.
const SLOW_INPUT: Duration = Duration::from_micros(200);

/// So many items are taken off the input between two looks at the clock, which costs as much as some short calls.
const ITEMS_PER_LOOK: usize = 16;

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
    landed: Landed<T>,
    /// So many results can be yielded before there is room in the buffer.
    until_room: usize,
    /// How many items have been submitted.
    submitted: usize,
    max_workers: usize,
    chunk_size: ChunkSize,
    buffer_size: Option<usize>,
    fail_fast: bool,
    /// Nothing more is submitted: what is in flight is still yielded.
    ended: bool,
}

/// Who says how many items go together.
enum ChunkSize {
    Fixed(usize),
    Automatic(Pace),
}

/// What is submitted at once.
pub(super) enum Portion<A> {
    One(A),
    Many(Vec<A>, Sizing),
}

impl<A> Portion<A> {
    fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(items, _) => items.len(),
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
            landed: Landed::none(),
            until_room: 0,
            submitted: 0,
            max_workers,
            chunk_size: ChunkSize::Automatic(Pace::default()),
            buffer_size: None,
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
        // More than anybody has, and what a chunk can count.
        self.chunk_size = ChunkSize::Fixed(items.clamp(1, u32::MAX as usize));
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
                Ok(false) if expired && !self.ended && (self.held.is_some() || self.items.next().is_some()) => {
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
        if let (ChunkSize::Automatic(pace), Some(took)) = (&mut self.chunk_size, took) {
            pace.landed(self.landed.len(), took);
        }
        // The buffer counts what is in flight in another way than what has landed.
        self.until_room = 0;
        Ok(true)
    }

    /// Submits as much as the buffer and the executor have room for. False if there is no room for anything, and
    /// nothing to wait for instead, until `deadline`.
    fn fill(&mut self, deadline: Option<Instant>) -> bool {
        while !self.ended {
            let most = self.most_per_chunk();
            let chunk_size = self.next_chunk_size(most);
            self.until_room = self.lacking(chunk_size);
            if self.until_room > 0 {
                break;
            }
            let asked = self.is_automatic().then(Instant::now);
            let Some(portion) = self.held.take().or_else(|| self.next_portion(chunk_size, most, asked)) else {
                // However much room there is.
                self.until_room = usize::MAX;
                break;
            };
            let was_slow = asked.is_some_and(|asked| asked.elapsed() >= SLOW_INPUT);
            // A result that may be there is not kept waiting for room.
            let has_some = self.in_flight.calls() + self.landed.len() > 0;
            if !(self.room)(if has_some { Some(Instant::now()) } else { deadline }) {
                self.held = Some(portion);
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
        if let (Flight::Each(_), ChunkSize::Automatic(pace), true) = (&flight, &mut self.chunk_size, is_chunk) {
            pace.taken_one_by_one();
        }
        self.in_flight.add(flight);
    }

    fn is_automatic(&self) -> bool {
        matches!(self.chunk_size, ChunkSize::Automatic(_))
    }

    /// How many chunks the buffer is for.
    fn chunks_in_buffer(&self) -> usize {
        self.max_workers.saturating_mul(CHUNKS_PER_WORKER).max(1)
    }

    /// How large the next chunk can be at most. What the map chooses is no more than is sure to come: it is not to wait
    /// for more items while it has some.
    fn most_per_chunk(&self) -> usize {
        match self.chunk_size {
            ChunkSize::Fixed(items) => items.min(self.buffer_size.unwrap_or(usize::MAX)),
            ChunkSize::Automatic(_) => {
                let share = self.buffer_size.unwrap_or(MAX_BUFFER) / self.chunks_in_buffer();
                self.items.size_hint().0.min(share).max(1)
            }
        }
    }

    fn next_chunk_size(&self, most: usize) -> usize {
        let ChunkSize::Automatic(pace) = &self.chunk_size else { return most };
        // No worker is to be without work while another one has a chunk before it.
        let fair = self.items.size_hint().1.map_or(usize::MAX, |left| left / self.chunks_in_buffer());
        pace.calls_in(WORTH).min(fair.max(pace.calls_in(LEAST_WORTH))).min(most)
    }

    /// How much of the buffer must become free for a chunk of this size.
    fn lacking(&self, chunk_size: usize) -> usize {
        let least = chunk_size.saturating_mul(self.chunks_in_buffer()).max(MIN_BUFFER);
        let in_flight = match (&self.chunk_size, self.buffer_size) {
            // Chunks from when the calls were shorter are not to keep other workers from having any.
            (ChunkSize::Automatic(_), None) => self.in_flight.jobs().saturating_mul(chunk_size),
            _ => self.in_flight.calls(),
        };
        let buffer_size = self.buffer_size.unwrap_or(least);
        (in_flight + self.landed.len()).saturating_add(chunk_size).saturating_sub(buffer_size)
    }

    /// Takes items off the input, which was `asked` for them then if the map chooses how many there are.
    fn next_portion(&mut self, size: usize, most: usize, asked: Option<Instant>) -> Option<Portion<I::Item>> {
        if most == 1 {
            return self.items.next().map(Portion::One);
        }
        let Some(asked) = asked else {
            let items: Vec<_> = self.items.by_ref().take(size).collect();
            return (!items.is_empty()).then_some(Portion::Many(items, Sizing::Asked));
        };
        let mut items = Vec::with_capacity(size);
        while items.len() < size {
            // The first ones one by one: an input that is slow is seen to be at once.
            let wanted = (items.len() + 1).min(ITEMS_PER_LOOK).min(size - items.len());
            let had = items.len();
            items.extend(self.items.by_ref().take(wanted));
            if items.len() < had + wanted || asked.elapsed() >= SLOW_INPUT {
                break;
            }
        }
        (!items.is_empty()).then_some(Portion::Many(items, Sizing::Automatic))
    }

    /// Submits nothing more, cancels what has not started, and forgets the rest.
    fn stop(&mut self) {
        self.ended = true;
        self.held = None;
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
