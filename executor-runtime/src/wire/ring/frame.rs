//! A message on its way into a ring.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::sys::transfer;

const WORD_LEN_BYTES: usize = size_of::<u64>();

/// What is left to write of a message: rule 2 of the link.
pub(super) struct Frame<'a> {
    /// Until it is written.
    len_bytes: Option<u64>,
    parts: [&'a [u8]; 2],
}

impl<'a> Frame<'a> {
    pub(super) fn new(parts: [&'a [u8]; 2]) -> Self {
        let len_bytes = parts.iter().map(|part| part.len() as u64).sum();
        let mut frame = Self { len_bytes: Some(len_bytes), parts };
        frame.skip_empty();
        frame
    }

    /// A message of which so many words are written.
    pub(super) fn resume(parts: [&'a [u8]; 2], written: usize) -> Self {
        let mut frame = Self::new(parts);
        if let Some(words) = written.checked_sub(1) {
            frame.len_bytes = None;
            let mut bytes = words * WORD_LEN_BYTES;
            frame.parts = parts.map(|part| {
                let skipped = bytes.min(part.len());
                bytes -= skipped;
                &part[skipped..]
            });
            frame.skip_empty();
        }
        frame
    }

    pub(super) fn words_left(&self) -> usize {
        let bytes: usize = self.parts.iter().map(|part| part.len()).sum();
        usize::from(self.len_bytes.is_some()) + bytes.div_ceil(WORD_LEN_BYTES)
    }

    /// Writes the next words of the frame. There must be so many left.
    pub(super) fn fill(&mut self, mut words: &[AtomicU64]) {
        debug_assert!(words.len() <= self.words_left());
        if let Some((word, rest)) = words.split_first()
            && let Some(len_bytes) = self.len_bytes.take()
        {
            store(word, len_bytes);
            words = rest;
        }
        while !words.is_empty() {
            let (whole, _) = self.parts[0].as_chunks();
            let count = whole.len().min(words.len());
            let (now, later) = words.split_at(count);
            transfer::store(now, &whole[..count]);
            self.parts[0] = &self.parts[0][count * WORD_LEN_BYTES..];
            words = later;
            if let Some((word, rest)) = words.split_first() {
                store(word, self.next_mixed());
                words = rest;
            }
            self.skip_empty();
        }
    }

    /// The end of the first part and what fits of the second one, or zeros.
    fn next_mixed(&mut self) -> u64 {
        let mut bytes = [0; WORD_LEN_BYTES];
        let mut room = bytes.as_mut_slice();
        for part in &mut self.parts {
            let count = part.len().min(room.len());
            let (now, later) = part.split_at(count);
            let (filled, left) = room.split_at_mut(count);
            filled.copy_from_slice(now);
            (*part, room) = (later, left);
        }
        u64::from_ne_bytes(bytes)
    }

    fn skip_empty(&mut self) {
        if self.parts[0].is_empty() {
            self.parts = [self.parts[1], &[]];
        }
    }
}

/// Relaxed: the reader looks at it only after it has seen the tail, which is moved afterwards (rule 3).
fn store(word: &AtomicU64, value: u64) {
    word.store(value, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_any_length_are_one_message_in_whole_words() {
        let bytes: Vec<u8> = (1..=40).collect();
        for len in 0..bytes.len() {
            for cut in 0..=len {
                for step in [1, 2, 100] {
                    let mut frame = Frame::new([&bytes[..cut], &bytes[cut..len]]);
                    let words: Vec<_> = (0..frame.words_left()).map(|_| AtomicU64::new(u64::MAX)).collect();
                    for piece in words.chunks(step) {
                        frame.fill(piece);
                    }
                    assert_eq!(frame.words_left(), 0);
                    let written: Vec<u8> =
                        words.iter().flat_map(|word| word.load(Ordering::Relaxed).to_ne_bytes()).collect();
                    let mut expected = (len as u64).to_ne_bytes().to_vec();
                    expected.extend_from_slice(&bytes[..len]);
                    expected.resize(expected.len().next_multiple_of(WORD_LEN_BYTES), 0);
                    assert_eq!(written, expected, "{len} cut at {cut} in steps of {step}");
                }
            }
        }
    }
}
