//! The reading end of a ring.

use std::sync::atomic::{AtomicU64, Ordering};

use super::PIECE_LEN_BYTES;
use super::shared::{Shared, Way, Word};
use crate::sys::transfer;
use crate::wire::{LinkError, Read};

#[derive(Debug)]
pub(super) struct Reader {
    way: Way,
    /// Of one message: rule 5.
    max_len_bytes: u64,
    /// Ours; what is in the region is only told to the writer.
    head: u32,
    /// What the writer was told last.
    told: u32,
    /// Up to where the writer has written, as far as we have seen and believed.
    tail: u32,
    /// How far the message is that has begun.
    begun: Option<Begun>,
    /// The writer is no more; and whether it has kept to the protocol.
    sealed: Option<Result<(), LinkError>>,
}

/// A message that is not all there.
#[derive(Clone, Copy, Debug)]
struct Begun {
    /// So many bytes of it are in the buffer. What lies behind them is of an older message.
    filled: usize,
    missing: usize,
}

impl Reader {
    pub(super) fn new(way: Way, max_len_bytes: u64) -> Self {
        Self { way, max_len_bytes, head: 0, told: 0, tail: 0, begun: None, sealed: None }
    }

    /// Both indices are there already, in the region, too.
    #[cfg(all(test, not(shuttle)))]
    pub(super) fn starting_at(self, start: u32) -> Self {
        Self { head: start, told: start, tail: start, ..self }
    }

    /// How many words can be read now.
    pub(super) fn available(&mut self, shared: &impl Shared) -> Result<u32, LinkError> {
        if let Some(sealed) = self.sealed {
            return sealed.map(|()| self.tail.wrapping_sub(self.head));
        }
        // Acquire, with the writer's release: the words are there.
        let tail = shared.load(Word::Tail(self.way), Ordering::Acquire);
        let available = tail.wrapping_sub(self.head);
        // Rule 4. It can have become less only if the tail went backwards.
        if available > shared.capacity() || available < self.tail.wrapping_sub(self.head) {
            return Err(LinkError::Protocol);
        }
        self.tail = tail;
        Ok(available)
    }

    /// The writer is no more: what is there by now is all.
    pub(super) fn seal(&mut self, shared: &impl Shared) {
        self.sealed = Some(self.available(shared).map(drop));
    }

    /// Whether half of the ring is free: rule 8.
    pub(super) fn has_made_room(&self, shared: &impl Shared) -> bool {
        self.tail.wrapping_sub(self.head) <= shared.capacity() / 2
    }

    /// Tells the writer up to where the ring is read, if it does not know and it is `all` or makes a difference. Whether
    /// it was told.
    pub(super) fn tell(&mut self, shared: &impl Shared, all: bool) -> bool {
        let untold = self.head.wrapping_sub(self.told);
        if untold == 0 || !all && untold < shared.capacity() / 4 {
            return false;
        }
        self.told = self.head;
        // Release: all is copied before the head says so, and the writer writes over it.
        shared.store(Word::Head(self.way), self.head, Ordering::Release);
        true
    }

    /// Reads what there is of one message, a piece at most. Until all of it is there, nothing else is to be done with
    /// `message`, which may hold an older one before: its memory is there already, and it is only written over.
    pub(super) fn read(&mut self, shared: &impl Shared, message: &mut Vec<u8>) -> Result<Read, LinkError> {
        let mut available = self.available(shared)?;
        if available == 0 {
            return Ok(Read::Nothing);
        }
        let Begun { filled, missing } = if let Some(begun) = self.begun {
            begun
        } else {
            let len_bytes = load(&shared.stretch(self.way, self.head, 1)[0]);
            self.head = self.head.wrapping_add(1);
            available -= 1;
            Begun { filled: 0, missing: self.checked(len_bytes)? }
        };
        let count = missing.min(PIECE_LEN_BYTES as usize).min(available as usize * size_of::<u64>());
        let end = filled + count;
        if message.len() < end {
            grow(message, filled + missing - message.len(), end - message.len())?;
            message.resize(end, 0);
        }
        self.copy(shared, &mut message[filled..end]);
        if missing > count {
            self.begun = Some(Begun { filled: end, missing: missing - count });
            return Ok(Read::Some);
        }
        self.begun = None;
        message.truncate(end);
        Ok(Read::All)
    }

    /// Rule 5.
    fn checked(&self, len_bytes: u64) -> Result<usize, LinkError> {
        if len_bytes > self.max_len_bytes {
            return Err(LinkError::Protocol);
        }
        usize::try_from(len_bytes).map_err(|_| LinkError::Protocol)
    }

    /// Takes the next words, whose last one may be needed in part only.
    fn copy(&mut self, shared: &impl Shared, bytes: &mut [u8]) {
        let mut left = bytes;
        while !left.is_empty() {
            let wanted = u32::try_from(left.len().div_ceil(size_of::<u64>())).expect("a piece at most");
            let words = shared.stretch(self.way, self.head, wanted);
            let (now, later) = left.split_at_mut(left.len().min(size_of_val(words)));
            let (whole, part) = now.as_chunks_mut();
            transfer::load(&words[..whole.len()], whole);
            if let Some(last) = words.get(whole.len()) {
                part.copy_from_slice(&load(last).to_ne_bytes()[..part.len()]);
            }
            let count = u32::try_from(words.len()).expect("no more than was asked for");
            self.head = self.head.wrapping_add(count);
            left = later;
        }
    }
}

/// Relaxed: it was written before the tail was moved, which we have seen with acquire (rule 3).
fn load(word: &AtomicU64) -> u64 {
    word.load(Ordering::Relaxed)
}

/// Makes room behind the buffer for `count` bytes of the `missing` ones: never more than twice what has arrived, but for
/// one piece, and in the end exactly the message.
fn grow(message: &mut Vec<u8>, missing: usize, count: usize) -> Result<(), LinkError> {
    if message.capacity() - message.len() >= count {
        return Ok(());
    }
    let more = missing.min(message.len().max(PIECE_LEN_BYTES as usize));
    // Where there is no memory, a worker that announced too much costs itself and not its pool.
    message.try_reserve_exact(more).map_err(|_| LinkError::Protocol)
}
