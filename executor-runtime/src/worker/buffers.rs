//! Which buffers a side keeps for the next message, and for how long.
//!
//! Memory that is new costs more than what is written to it, so what was large once stays until there was nothing to
//! do for a while. Both sides go by this: a busy worker keeps about as much as its messages take, an idle one nothing.

use std::time::Duration;

/// A larger one is given back at once.
const MOST_LEN_BYTES: usize = 512 << 20;

/// One that is not larger is never given back.
const SMALL_LEN_BYTES: usize = 64 << 10;

/// So long a side that has nothing to do keeps large ones.
pub(super) const KEPT_FOR: Duration = Duration::from_millis(500);

pub(super) fn is_large(buffer: &Vec<u8>) -> bool {
    buffer.capacity() > SMALL_LEN_BYTES
}

/// Keeps the larger one of two. What is in it means nothing.
pub(super) fn keep(kept: &mut Vec<u8>, other: Vec<u8>) {
    if other.capacity() > kept.capacity() {
        *kept = other;
    }
    trim(kept);
}

/// Gives back what is too large to be kept.
pub(super) fn trim(buffer: &mut Vec<u8>) {
    if buffer.capacity() > MOST_LEN_BYTES {
        *buffer = Vec::new();
    }
}

/// Gives back what is large: there is nothing to do.
pub(super) fn give_back(buffer: &mut Vec<u8>) {
    if is_large(buffer) {
        *buffer = Vec::new();
    }
}
