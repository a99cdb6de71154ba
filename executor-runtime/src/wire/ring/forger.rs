//! A guest that keeps to no rule: it plays the protocol by hand, and can write anything anywhere in the region. For tests
//! and fuzzing.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::claims::CLAIMS;
use super::link::open;
use super::reader::Reader;
use super::shared::{Rings, Shared, Side, Way, Word};
use super::{ANY_LEN_BYTES, Keeper, PIECE_LEN_BYTES};
use crate::wire::{LinkError, Read};

pub(crate) struct Forger {
    rings: Arc<Rings>,
    reader: Reader,
    /// What has come of the next message.
    message: Vec<u8>,
    tail: u32,
    /// The host's bell.
    _bell: OwnedFd,
}

/// A place in the region.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// One of the small numbers.
    Number(usize),
    Claim(usize),
    /// A word of the ring that the host reads.
    Up(usize),
    /// A word of the ring that the host writes.
    Down(usize),
    Kept(usize),
}

impl Forger {
    pub(crate) fn new(ring_len_bytes: u32, descriptors: Vec<OwnedFd>) -> Result<Self, String> {
        let (rings, bell) = open(ring_len_bytes, descriptors)?;
        Ok(Self { rings, reader: Reader::new(Way::Down, ANY_LEN_BYTES), message: Vec::new(), tail: 0, _bell: bell })
    }

    /// The next message, if all of it is there.
    pub(crate) fn read(&mut self) -> Option<Vec<u8>> {
        loop {
            match self.reader.read(&*self.rings, &mut self.message) {
                Ok(Read::All) => {
                    self.reader.tell(&*self.rings, true);
                    return Some(std::mem::take(&mut self.message));
                }
                Ok(Read::Some) => {}
                Ok(Read::Nothing) => {
                    self.reader.tell(&*self.rings, true);
                    return None;
                }
                // It has spoilt that itself.
                Err(LinkError::Protocol | LinkError::Closed | LinkError::TimedOut) => return None,
            }
        }
    }

    pub(crate) fn start(&self, number: u32) -> bool {
        self.rings.start(number)
    }

    pub(crate) fn keeper(&self) -> Keeper {
        Keeper::new(Arc::clone(&self.rings))
    }

    /// Writes as many words as there seems to be room for, a piece at most. How many.
    pub(crate) fn write(&mut self, words: &[u64]) -> usize {
        let capacity = self.rings.capacity();
        let unread = self.tail.wrapping_sub(self.rings.load(Word::Head(Way::Up), Ordering::Acquire));
        let room = capacity.saturating_sub(unread).min(PIECE_LEN_BYTES / 8) as usize;
        let count = room.min(words.len());
        for word in &words[..count] {
            self.rings.stretch(Way::Up, self.tail, 1)[0].store(*word, Ordering::Relaxed);
            self.tail = self.tail.wrapping_add(1);
        }
        if count > 0 {
            self.rings.store(Word::Tail(Way::Up), self.tail, Ordering::Release);
        }
        count
    }

    /// Says that it has ended.
    pub(crate) fn close(&self) {
        self.rings.store(Word::Closed(Side::Guest), 1, Ordering::Release);
    }

    /// How many places of each kind there are, in the order of [`Place`].
    pub(crate) fn places(&self) -> [usize; 5] {
        let ring = self.rings.capacity() as usize;
        [Word::ALL, CLAIMS, ring, ring, self.rings.kept().len()]
    }

    /// Changes what stands in a place.
    pub(crate) fn change(&self, place: Place, change: impl FnOnce(u64) -> u64) {
        #[expect(clippy::cast_possible_truncation, reason = "any number will do")]
        let short = |number: u64| number as u32;
        let long = match place {
            Place::Number(index) => {
                let word = Word::AT[index];
                let now = self.rings.load(word, Ordering::Relaxed);
                return self.rings.store(word, short(change(now.into())), Ordering::Release);
            }
            Place::Claim(index) => {
                let word = self.rings.claim(u32::try_from(index).expect("few"));
                let now = word.load(Ordering::Relaxed);
                return word.store(short(change(now.into())), Ordering::Release);
            }
            Place::Up(index) => &self.rings.words(Way::Up)[index],
            Place::Down(index) => &self.rings.words(Way::Down)[index],
            Place::Kept(index) => &self.rings.kept()[index],
        };
        long.store(change(long.load(Ordering::Relaxed)), Ordering::Release);
    }
}
