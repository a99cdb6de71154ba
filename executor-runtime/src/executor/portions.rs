//! What a map submits next: so many of its items as the user says, or as its `pace` does.

use std::iter::Fuse;
use std::time::{Duration, Instant};

use super::flights::Flights;
use super::pace::Pace;
use crate::task::Sizing;

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

/// What is submitted at once.
pub(super) enum Portion<A> {
    One(A),
    Many(Vec<A>, Sizing),
}

impl<A> Portion<A> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(items, _) => items.len(),
        }
    }
}

/// How many items are to go into a portion.
#[derive(Clone, Copy)]
pub(super) struct Size {
    items: usize,
    /// What it could be, were it not for the pace.
    most: usize,
}

/// Who says how many items go together.
enum ChunkSize {
    Fixed(usize),
    Automatic(Pace),
}

/// The input of a map, in portions.
pub(super) struct Portions<I: Iterator> {
    items: Fuse<I>,
    /// Taken off the items, and not submitted for want of room.
    held: Option<Portion<I::Item>>,
    max_workers: usize,
    chunk_size: ChunkSize,
    buffer_size: Option<usize>,
}

impl<I: Iterator> Portions<I> {
    pub(super) fn new(items: I, max_workers: usize) -> Self {
        Self {
            items: items.fuse(),
            held: None,
            max_workers,
            chunk_size: ChunkSize::Automatic(Pace::default()),
            buffer_size: None,
        }
    }

    /// See [`Map::chunk_size`](super::Map::chunk_size).
    pub(super) fn set_chunk_size(&mut self, items: usize) {
        // More than anybody has, and what a chunk can count.
        self.chunk_size = ChunkSize::Fixed(items.clamp(1, u32::MAX as usize));
    }

    /// See [`Map::buffer_size`](super::Map::buffer_size).
    pub(super) fn set_buffer_size(&mut self, items: usize) {
        self.buffer_size = Some(items.max(1));
    }

    /// How long the calls of a portion took.
    pub(super) fn landed(&mut self, calls: usize, took: Duration) {
        if let ChunkSize::Automatic(pace) = &mut self.chunk_size {
            pace.landed(calls, took);
        }
    }

    /// The calls of a portion were submitted one by one, and not together.
    pub(super) fn taken_one_by_one(&mut self) {
        if let ChunkSize::Automatic(pace) = &mut self.chunk_size {
            pace.taken_one_by_one();
        }
    }

    pub(super) fn next_size(&self) -> Size {
        let most = self.most_per_chunk();
        let ChunkSize::Automatic(pace) = &self.chunk_size else { return Size { items: most, most } };
        // No worker is to be without work while another one has a chunk before it.
        let fair = self.items.size_hint().1.map_or(usize::MAX, |left| left / self.chunks_in_buffer());
        let items = pace.calls_in(WORTH).min(fair.max(pace.calls_in(LEAST_WORTH))).min(most);
        Size { items, most }
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

    /// How many chunks the buffer is for.
    fn chunks_in_buffer(&self) -> usize {
        self.max_workers.saturating_mul(CHUNKS_PER_WORKER).max(1)
    }

    /// How much of the buffer must become free for a portion of this size.
    pub(super) fn lacking<T>(&self, size: Size, in_flight: &Flights<T>, landed: usize) -> usize {
        let least = size.items.saturating_mul(self.chunks_in_buffer()).max(MIN_BUFFER);
        let in_flight = match (&self.chunk_size, self.buffer_size) {
            // Chunks from when the calls were shorter are not to keep other workers from having any.
            (ChunkSize::Automatic(_), None) => in_flight.jobs().saturating_mul(size.items),
            _ => in_flight.calls(),
        };
        let buffer_size = self.buffer_size.unwrap_or(least);
        (in_flight + landed).saturating_add(size.items).saturating_sub(buffer_size)
    }

    /// The next portion, and whether the input was slow to give it.
    pub(super) fn take(&mut self, size: Size) -> Option<(Portion<I::Item>, bool)> {
        if let Some(held) = self.held.take() {
            return Some((held, false));
        }
        let asked = matches!(self.chunk_size, ChunkSize::Automatic(_)).then(Instant::now);
        let portion = match asked {
            _ if size.most == 1 => Portion::One(self.items.next()?),
            None => Portion::Many(self.items.by_ref().take(size.items).collect(), Sizing::Asked),
            Some(asked) => Portion::Many(self.take_while_fast(size.items, asked), Sizing::Automatic),
        };
        let was_slow = asked.is_some_and(|asked| asked.elapsed() >= SLOW_INPUT);
        (portion.len() > 0).then_some((portion, was_slow))
    }

    /// Fewer items, if the input is slow.
    fn take_while_fast(&mut self, most: usize, asked: Instant) -> Vec<I::Item> {
        let mut items = Vec::with_capacity(most);
        while items.len() < most {
            // The first ones one by one: an input that is slow is seen to be at once.
            let wanted = (items.len() + 1).min(ITEMS_PER_LOOK).min(most - items.len());
            let had = items.len();
            items.extend(self.items.by_ref().take(wanted));
            if items.len() < had + wanted || asked.elapsed() >= SLOW_INPUT {
                break;
            }
        }
        items
    }

    /// There was no room for it: it is the next again.
    pub(super) fn give_back(&mut self, portion: Portion<I::Item>) {
        self.held = Some(portion);
    }

    /// Drops what was taken off the input and not submitted.
    pub(super) fn forget(&mut self) {
        self.held = None;
    }

    /// Whether there is anything more to submit. This drops an item: nothing is submitted after it.
    pub(super) fn has_more(&mut self) -> bool {
        self.held.is_some() || self.items.next().is_some()
    }

    pub(super) fn size_hint(&self) -> (usize, Option<usize>) {
        let held = self.held.as_ref().map_or(0, Portion::len);
        let (low, high) = self.items.size_hint();
        (low.saturating_add(held), high.and_then(|high| high.checked_add(held)))
    }
}
