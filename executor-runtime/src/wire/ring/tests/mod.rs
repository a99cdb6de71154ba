//! Both ends of the link in one place, and what several tests do with them.

#[cfg(not(shuttle))]
mod claims;
#[cfg(not(shuttle))]
mod hostile;
#[cfg(not(shuttle))]
mod kept;
#[cfg(not(shuttle))]
mod stress;

use super::end::{Bell, End, Need};
use super::frame::Frame;
use super::shared::Shared;
use crate::wire::{Patience, Read};

/// What a host believes here.
#[cfg(not(shuttle))]
const MAX_LEN_BYTES: u64 = 1 << 36;

const FOR_EVER: Patience<'static> = Patience { deadline: None, gone: &|| false };

/// Sends messages and receives others at the same time, which the links of the pool never do.
pub(super) fn exchange<S: Shared, B: Bell>(
    end: &mut End<S, B>,
    sent: impl IntoIterator<Item = Vec<u8>>,
    expected: impl IntoIterator<Item = Vec<u8>>,
) {
    let mut receiver = Receiver { got: Vec::new(), expected: expected.into_iter().peekable() };
    for message in sent {
        let mut frame = Frame::new([&message[..message.len() / 3], &message[message.len() / 3..]]);
        while !end.push(&mut frame).expect("room or none") {
            receiver.step(end, frame.words_left());
        }
    }
    end.flush();
    while receiver.expected.peek().is_some() {
        receiver.step(end, 0);
    }
}

struct Receiver<I: Iterator> {
    got: Vec<u8>,
    expected: std::iter::Peekable<I>,
}

impl<I: Iterator<Item = Vec<u8>>> Receiver<I> {
    /// Receives a piece of what is expected, or waits for it or for room.
    fn step<S: Shared, B: Bell>(&mut self, end: &mut End<S, B>, room: usize) {
        let is_expecting = self.expected.peek().is_some();
        match if is_expecting { end.pull(&mut self.got).expect("words or none") } else { Read::Nothing } {
            // Not `assert_eq`, which would print megabytes.
            Read::All => assert!(self.expected.next().is_some_and(|expected| expected == self.got)),
            Read::Some => {}
            Read::Nothing => end.wait(Need { words: is_expecting, room }, &FOR_EVER).expect("something"),
        }
    }
}
