//! Answers that a guest gathers, to send many of them as one message. They must not be lost with it: they lie in the
//! region, too.
//!
//! 1. The first word says which task the guest is at, how many of its calls have ended, and how many bytes are kept.
//!    It is stored when the bytes are there.
//! 2. What is kept is the beginning of a message. It only grows until it has been sent, and then nothing is kept. A
//!    word that is not full yet is written again when it is.
//! 3. The host looks at the first word while the guest runs, and at the bytes only when the guest has ended.
//! 4. A guest can die after a message was sent and before that is told here. So the message says which calls it is
//!    about.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use super::shared::Rings;
use crate::wire::Progress;

/// How much memory it is for each worker: less than the first word can count.
pub(super) const KEPT_LEN_BYTES: usize = 32 * 1024;

const WORD_LEN_BYTES: usize = size_of::<u64>();

/// The guest's side.
#[derive(Debug)]
pub(crate) struct Keeper {
    rings: Arc<Rings>,
    /// So many words of the message are there and full.
    full: usize,
}

impl Keeper {
    pub(super) fn new(rings: Arc<Rings>) -> Self {
        Self { rings, full: 0 }
    }

    /// Keeps what was added to a message since the last time. False if there is no room: then it has to be sent.
    #[inline]
    pub(crate) fn keep(&mut self, message: &[u8], progress: Progress) -> bool {
        let Some((said, words)) = self.rings.kept().split_first() else { return false };
        if message.len() > size_of_val(words) {
            return false;
        }
        let (whole, part) = message.as_chunks();
        for (word, bytes) in words[self.full..whole.len()].iter().zip(&whole[self.full..]) {
            store(word, u64::from_le_bytes(*bytes));
        }
        self.full = whole.len();
        if !part.is_empty() {
            store(&words[self.full], end_of(message, part.len()));
        }
        // Release: the bytes are there.
        said.store(pack(progress, message.len()), Ordering::Release);
        true
    }

    /// The message has been sent.
    pub(crate) fn forget(&mut self) {
        self.full = 0;
        let said = &self.rings.kept()[0];
        // Relaxed: only the guest stores it.
        let (progress, _) = unpack(said.load(Ordering::Relaxed));
        said.store(pack(progress, 0), Ordering::Relaxed);
        // Before the bytes of the next message.
        fence(Ordering::Release);
    }
}

/// The last bytes of a message, less than a word, as a word: so many as one can name are read at once.
fn end_of(message: &[u8], count: usize) -> u64 {
    let Some(last) = message.last_chunk() else {
        return message.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    };
    u64::from_le_bytes(*last) >> (8 * (WORD_LEN_BYTES - count))
}

/// Relaxed: who reads it has seen the first word, which is stored afterwards.
fn store(word: &AtomicU64, value: u64) {
    word.store(value, Ordering::Relaxed);
}

impl Rings {
    /// How far the guest says it is.
    pub(super) fn progress(&self) -> Progress {
        // Relaxed: nothing else is looked at.
        unpack(self.kept()[0].load(Ordering::Relaxed)).0
    }

    /// What a guest that has ended has kept.
    pub(super) fn take_kept(&self, message: &mut Vec<u8>) {
        message.clear();
        let Some((said, words)) = self.kept().split_first() else { return };
        // Acquire: the bytes are there.
        let (_, len_bytes) = unpack(said.load(Ordering::Acquire));
        let len_bytes = len_bytes.min(size_of_val(words));
        let words = &words[..len_bytes.div_ceil(WORD_LEN_BYTES)];
        message.extend(words.iter().flat_map(|word| word.load(Ordering::Relaxed).to_le_bytes()));
        message.truncate(len_bytes);
    }
}

const _: () = assert!(KEPT_LEN_BYTES <= u16::MAX as usize);

fn pack(progress: Progress, len_bytes: usize) -> u64 {
    u64::from(progress.calls) << 32 | u64::from(progress.number) << 16 | len_bytes as u64
}

fn unpack(word: u64) -> (Progress, usize) {
    let [low, high, number_low, number_high, calls @ ..] = word.to_le_bytes();
    let number = u16::from_le_bytes([number_low, number_high]);
    (Progress::new(number.into(), u32::from_le_bytes(calls)), u16::from_le_bytes([low, high]).into())
}
