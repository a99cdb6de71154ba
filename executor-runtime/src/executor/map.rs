//! One call for each item, the results in order.

use std::collections::VecDeque;
use std::fmt;
use std::iter::Fuse;

use crate::error::TaskError;
use crate::future::TaskFuture;

/// The least number of calls in flight, however few workers there are.
const MIN_BUFFER: usize = 64;

/// The results of a `map`, in the order of the items (Python: what `Executor.map()` returns).
///
/// - It is lazy: nothing is submitted before the first `next`.
/// - It is bounded: it holds at most [`buffer_size`](Self::buffer_size) calls and unread results, so that an
///   endless input works.
/// - A failed item is that item's `Err`; the rest goes on. `collect::<Result<Vec<_>, _>>()` stops at the first.
/// - It ends after the first item that says that the executor was shut down or is broken.
/// - Dropping it cancels what it has submitted and not yielded.
#[must_use = "a map is lazy: nothing is submitted before it is asked for results"]
pub struct Map<'p, I: Iterator, T> {
    items: Fuse<I>,
    submit: Box<dyn FnMut(I::Item) -> TaskFuture<T> + 'p>,
    in_flight: VecDeque<TaskFuture<T>>,
    buffer_size: usize,
    /// The executor takes no more calls: what is in flight is still yielded.
    ended: bool,
}

impl<'p, I: Iterator, T> Map<'p, I, T> {
    pub(super) fn new(items: I, max_workers: usize, submit: impl FnMut(I::Item) -> TaskFuture<T> + 'p) -> Self {
        let buffer_size = max_workers.saturating_mul(4).max(MIN_BUFFER);
        Self { items: items.fuse(), submit: Box::new(submit), in_flight: VecDeque::new(), buffer_size, ended: false }
    }

    /// How many calls and unread results there may be at once (Python: `buffersize`).
    ///
    /// By default four per worker, and no less than 64. Zero is taken as one, since nothing would ever run.
    pub fn buffer_size(mut self, items: usize) -> Self {
        self.buffer_size = items.max(1);
        self
    }
}

impl<I: Iterator, T> Iterator for Map<'_, I, T> {
    type Item = Result<T, TaskError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended && self.in_flight.len() < self.buffer_size {
            let Some(item) = self.items.next() else { break };
            self.in_flight.push_back((self.submit)(item));
        }
        let result = self.in_flight.pop_front()?.result();
        if let Err(TaskError::PoolShutDown | TaskError::PoolBroken { .. }) = result {
            // Nothing will ever run there again, and the input may be endless.
            self.ended = true;
        }
        Some(result)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let submitted = self.in_flight.len();
        let (low, high) = if self.ended { (0, Some(0)) } else { self.items.size_hint() };
        (low.saturating_add(submitted), high.and_then(|high| high.checked_add(submitted)))
    }
}

impl<I: Iterator, T> Drop for Map<'_, I, T> {
    fn drop(&mut self) {
        // From the back: the front is what runs next.
        for future in self.in_flight.drain(..).rev() {
            future.cancel();
        }
    }
}

impl<I: Iterator, T> fmt::Debug for Map<'_, I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map")
            .field("in_flight", &self.in_flight)
            .field("buffer_size", &self.buffer_size)
            .finish_non_exhaustive()
    }
}
