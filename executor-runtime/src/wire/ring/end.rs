//! One side of the link: it writes one ring, reads the other one, and sleeps.

use std::sync::atomic::Ordering;
use std::time::Instant;

use super::frame::Frame;
use super::reader::Reader;
use super::shared::{Shared, Side, Word};
use super::writer::Writer;
use crate::sync::spin::Spin;
use crate::wire::{LinkError, Patience, Read};

/// How a side sleeps and how it wakes the other one.
pub(super) trait Bell {
    /// What [`wait`](Self::wait) needs to notice each ring from now on.
    fn listen(&self) -> u32;

    /// Sleeps until the bell has been rung since `heard`, the other side has died, or the deadline is there; it may
    /// also return for no reason.
    fn wait(&mut self, heard: u32, deadline: Option<Instant>);

    /// Wakes the other side.
    fn ring(&self);
}

/// What a side waits for, and in its flag: one bit each.
const WORDS: u32 = 1;
const ROOM: u32 = 2;

/// What a side waits for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Need {
    /// Words to read.
    pub(super) words: bool,
    /// So many words to write; rule 8 lets it have less of them.
    pub(super) room: usize,
}

impl Need {
    fn flag(self) -> u32 {
        (if self.words { WORDS } else { 0 }) | (if self.room > 0 { ROOM } else { 0 })
    }
}

pub(super) struct End<S: Shared, B: Bell> {
    side: Side,
    shared: S,
    bell: B,
    writer: Writer,
    reader: Reader,
    /// Something was written since the other side was last woken for it.
    has_untold: bool,
    spin: Spin,
}

impl<S: Shared, B: Bell> End<S, B> {
    /// Of the messages that come none may be longer than `max_len_bytes`.
    pub(super) fn new(side: Side, shared: S, bell: B, max_len_bytes: u64) -> Self {
        let (writer, reader) = (Writer::new(side.writes()), Reader::new(side.reads(), max_len_bytes));
        Self { side, shared, bell, writer, reader, has_untold: false, spin: Spin::default() }
    }

    /// Sends one message.
    pub(super) fn send(&mut self, parts: [&[u8]; 2], patience: &Patience<'_>) -> Result<(), LinkError> {
        self.send_quietly(parts, patience)?;
        self.flush();
        Ok(())
    }

    /// Sends one message, and wakes nobody for it, unless it needs room: the next one that is sent otherwise does.
    pub(super) fn send_quietly(&mut self, parts: [&[u8]; 2], patience: &Patience<'_>) -> Result<(), LinkError> {
        let mut frame = Frame::new(parts);
        while !self.push(&mut frame)? {
            self.wait(Need { words: false, room: frame.words_left() }, patience)?;
        }
        Ok(())
    }

    /// Receives one message.
    pub(super) fn receive(&mut self, message: &mut Vec<u8>, patience: &Patience<'_>) -> Result<(), LinkError> {
        loop {
            match self.pull(message)? {
                Read::All => return Ok(()),
                // Whoever sends without end never lets us wait.
                Read::Some if patience.is_over() => return Err(LinkError::TimedOut),
                Read::Some => {}
                Read::Nothing => self.wait(Need { words: true, room: 0 }, patience)?,
            }
        }
    }

    /// Has it sleep at once whenever there is nothing to do.
    #[cfg(test)]
    pub(super) fn never_spin(&mut self) {
        self.spin = Spin::suspended();
    }

    #[cfg(test)]
    pub(super) fn shared(&self) -> &S {
        &self.shared
    }

    /// Writes as much of a frame as there is room for, and says whether that was all. What is not longer than a piece
    /// wakes nobody before [`flush`](Self::flush).
    pub(super) fn push(&mut self, frame: &mut Frame<'_>) -> Result<bool, LinkError> {
        loop {
            let count = self.writer.write(&self.shared, frame)?;
            self.has_untold |= count > 0;
            if frame.words_left() > 0 {
                self.flush();
            }
            if frame.words_left() == 0 {
                return Ok(true);
            }
            if count == 0 {
                return Ok(false);
            }
        }
    }

    /// From now on there is no more to read than there is now.
    pub(super) fn seal(&mut self) {
        self.reader.seal(&self.shared);
    }

    /// How many words can be written now.
    pub(super) fn room(&mut self) -> Result<usize, LinkError> {
        self.writer.room(&self.shared).map(|words| words as usize)
    }

    /// Wakes the other side if it sleeps for what was written.
    pub(super) fn flush(&mut self) {
        if std::mem::take(&mut self.has_untold) {
            self.tell(WORDS);
        }
    }

    /// Reads a piece of a message, if there is one.
    pub(super) fn pull(&mut self, message: &mut Vec<u8>) -> Result<Read, LinkError> {
        let read = self.reader.read(&self.shared, message)?;
        self.give_room(read == Read::Nothing);
        Ok(read)
    }

    /// Tells the other side of the room that reading has made: of `all`, or only if it is much.
    fn give_room(&mut self, all: bool) {
        if self.reader.tell(&self.shared, all) && self.reader.has_made_room(&self.shared) {
            self.tell(ROOM);
        }
    }

    /// Waits until there is something of what is needed.
    pub(super) fn wait(&mut self, need: Need, patience: &Patience<'_>) -> Result<(), LinkError> {
        self.say_all();
        let Self { spin, shared, writer, reader, side, bell, .. } = self;
        let (shared, side) = (&*shared, *side);
        let mut look = || look(shared, side, writer, reader, need);
        // What there is to see, if there is anything.
        let mut find = || match look() {
            Ok(true) => Some(Ok(())),
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        };
        if let Some(found) = spin.until(&mut find) {
            return found;
        }
        loop {
            // Rule 6, in its order.
            let heard = bell.listen();
            // Relaxed: the fence orders it against the look.
            shared.store(Word::Sleeps(side), need.flag(), Ordering::Relaxed);
            shared.fence();
            let mut found = find();
            if found.is_none() {
                bell.wait(heard, patience.deadline);
                found = find();
            }
            // Relaxed: should the other side still see it, it rings in vain.
            shared.store(Word::Sleeps(side), 0, Ordering::Relaxed);
            if let Some(found) = found {
                return found;
            }
            if (patience.gone)() {
                // Rule 9: nothing is written after this look.
                return find().unwrap_or(Err(LinkError::Closed));
            }
            if patience.is_over() {
                return Err(LinkError::TimedOut);
            }
        }
    }

    /// Rule 6 without the wait: from now on the other side rings for what is needed. False if there is something of
    /// it already, and then nothing is set.
    pub(super) fn arm(&mut self, need: Need) -> Result<bool, LinkError> {
        self.say_all();
        // Relaxed: the fence orders it against the look.
        self.shared.store(Word::Sleeps(self.side), need.flag(), Ordering::Relaxed);
        self.shared.fence();
        let found = self.look(need);
        if found != Ok(false) {
            self.disarm();
        }
        found.map(|found| !found)
    }

    /// Nothing is kept from the other side by one that sleeps.
    fn say_all(&mut self) {
        self.flush();
        self.give_room(true);
    }

    /// The other side need not ring any more.
    pub(super) fn disarm(&self) {
        // Relaxed: should the other side still see it, it rings in vain.
        self.shared.store(Word::Sleeps(self.side), 0, Ordering::Relaxed);
    }

    /// Whether there is something of what is needed.
    pub(super) fn look(&mut self, need: Need) -> Result<bool, LinkError> {
        look(&self.shared, self.side, &mut self.writer, &mut self.reader, need)
    }

    /// Rule 7: wakes the other side if it sleeps for what has just happened.
    fn tell(&self, what: u32) {
        self.shared.fence();
        let flag = Word::Sleeps(self.side.other());
        // Relaxed: the fence orders it against the index that was moved.
        if self.shared.load(flag, Ordering::Relaxed) & what != 0 {
            // Relaxed: it is down before the bell rings, and so before the woken side sets it again.
            self.shared.store(flag, 0, Ordering::Relaxed);
            self.bell.ring();
        }
    }
}

impl<S: Shared, B: Bell> End<S, B> {
    /// Rule 9.
    pub(super) fn close(&mut self) {
        // Release: what was written before is seen by whoever sees this.
        self.shared.store(Word::Closed(self.side), 1, Ordering::Release);
        self.tell(WORDS | ROOM);
    }
}

impl<S: Shared, B: Bell> Drop for End<S, B> {
    fn drop(&mut self) {
        self.close();
    }
}

fn look(
    shared: &impl Shared,
    side: Side,
    writer: &mut Writer,
    reader: &mut Reader,
    need: Need,
) -> Result<bool, LinkError> {
    // Acquire, and before the indices: what was written before the close is seen first.
    let is_closed = shared.load(Word::Closed(side.other()), Ordering::Acquire) != 0;
    if need.words && reader.available(shared)? > 0 {
        return Ok(true);
    }
    let wanted = need.room.min(shared.capacity() as usize / 2);
    if wanted > 0 && writer.room(shared)? as usize >= wanted {
        return Ok(true);
    }
    if is_closed { Err(LinkError::Closed) } else { Ok(false) }
}
