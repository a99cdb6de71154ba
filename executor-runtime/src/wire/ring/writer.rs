//! The writing end of a ring.

use std::sync::atomic::Ordering;

use super::PIECE_LEN_BYTES;
use super::frame::Frame;
use super::shared::{Shared, Way, Word};
use crate::wire::LinkError;

#[derive(Debug)]
pub(super) struct Writer {
    way: Way,
    /// Ours; what is in the region is only told to the reader.
    tail: u32,
    /// Up to where the reader has read, as far as we have seen and believed.
    head: u32,
}

impl Writer {
    pub(super) fn new(way: Way) -> Self {
        Self::starting_at(way, 0)
    }

    /// Both indices are there already, in the region, too.
    pub(super) fn starting_at(way: Way, start: u32) -> Self {
        Self { way, tail: start, head: start }
    }

    /// How many words can be written now.
    pub(super) fn room(&mut self, shared: &impl Shared) -> Result<u32, LinkError> {
        // Acquire, with the reader's release: it has read the words before we write over them.
        let head = shared.load(Word::Head(self.way), Ordering::Acquire);
        let unread = self.tail.wrapping_sub(head);
        // Rule 4. Less can have become more only if the head went backwards, or past the tail.
        if unread > self.tail.wrapping_sub(self.head) {
            return Err(LinkError::Protocol);
        }
        self.head = head;
        Ok(shared.capacity() - unread)
    }

    /// Writes what there is room for, a piece at most, and says how much that was, in words.
    pub(super) fn write(&mut self, shared: &impl Shared, frame: &mut Frame<'_>) -> Result<u32, LinkError> {
        let left = u32::try_from(frame.words_left()).unwrap_or(u32::MAX);
        let count = left.min(PIECE_LEN_BYTES / 8).min(self.room(shared)?);
        let first = shared.stretch(self.way, self.tail, count);
        frame.fill(first);
        // The rest, if the ring's end is in between.
        let done = u32::try_from(first.len()).expect("no more than was asked for");
        frame.fill(shared.stretch(self.way, self.tail.wrapping_add(done), count - done));
        self.tail = self.tail.wrapping_add(count);
        if count > 0 {
            // Release: the words are there before the tail says so.
            shared.store(Word::Tail(self.way), self.tail, Ordering::Release);
        }
        Ok(count)
    }
}
