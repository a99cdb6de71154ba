//! The answers of a worker, as they are read off its link, and what they say of what it is at.

use std::time::{Duration, Instant};

use super::{Sent, Worker};
use crate::wire::{self, Answer, AnswerHead, Claim, LinkError, Read};
use crate::worker::buffers;
use crate::worker::landed::{Answered, Landed};

/// A larger answer is told where it lies, and not copied to the others first.
const LARGE_LEN_BYTES: usize = 16 * 1024;

impl Sent {
    /// Keeps an answer to a chunk in its job. How many calls it has answered.
    fn note(&mut self, answer: Answer<'_>) -> Result<usize, LinkError> {
        match answer {
            Answer::Values { first, row } if first == self.answered() && !row.is_empty() => {
                self.job.note_values(row).ok_or(LinkError::Protocol)
            }
            // Also values that came before, and others that are not those of the next calls.
            Answer::Value(_) | Answer::ValueWithAside(_) | Answer::Values { .. } => Err(LinkError::Protocol),
            Answer::Failed(error) => {
                self.job.note_failed(error);
                Ok(1)
            }
        }
    }
}

impl Worker {
    /// So many answers, or pieces of them, are read off the link at once: a worker that always has more to say keeps
    /// nobody from looking at the clock, or from what has landed.
    const MOST_READ: usize = 64;

    /// Does what can be done at once: writes, and reads the answers to `most` jobs at most. Whether it did anything.
    pub(crate) fn step(&mut self, landed: &mut Landed, most: usize) -> Result<bool, LinkError> {
        self.is_whole()?;
        let stepped = self.read_and_write(landed, most);
        self.is_broken = stepped == Err(LinkError::Protocol);
        stepped
    }

    fn read_and_write(&mut self, landed: &mut Landed, most: usize) -> Result<bool, LinkError> {
        let mut has_moved = self.write_on()?;
        let (before, mut calls, mut took) = (landed.jobs(), 0, Duration::ZERO);
        for _ in 0..Self::MOST_READ {
            if landed.jobs() - before >= most {
                break;
            }
            match self.link.pull(self.aside.as_mut().unwrap_or(&mut self.answer))? {
                Read::Nothing => break,
                // A piece of a long one: what it makes room for comes next.
                Read::Some => drop(self.write_on()?),
                Read::All => {
                    let (message, aside) = (std::mem::take(&mut self.answer), self.aside.take());
                    let (new_calls, new_time) = self.take_answer(message, aside, landed)?;
                    calls += new_calls;
                    took += new_time;
                }
            }
            has_moved = true;
        }
        if calls > 0 {
            self.pace.note(u32::try_from(calls).unwrap_or(u32::MAX), took);
            if landed.jobs() > before {
                self.first_begins();
            }
            self.since = Instant::now();
            self.wear.note(calls);
        } else {
            self.wear.weigh();
        }
        self.sweep(landed);
        Ok(has_moved)
    }

    /// Takes in an answer, unless more comes out of band: then it makes ready for that. How many calls it has answered,
    /// and how long they have taken.
    pub(super) fn take_answer(
        &mut self,
        message: Vec<u8>,
        mut aside: Option<Vec<u8>>,
        landed: &mut Landed,
    ) -> Result<(usize, Duration), LinkError> {
        let (AnswerHead { number, took }, answer) = wire::read_answer(&message)?;
        // The worker has passed over what was taken back.
        while self.sent.front().is_some_and(|first| first.number != number) {
            if !self.drop_shell(landed) {
                return Err(LinkError::Protocol);
            }
        }
        let is_last = self.sent.len() == 1;
        let first = self.sent.front_mut().ok_or(LinkError::Protocol)?;
        // It cannot have answered what it has not read, or not started.
        if is_last && self.written.is_some() || self.claims.look(number) != Claim::Started {
            return Err(LinkError::Protocol);
        }
        if first.job.is_chunk() {
            first.job.begin();
            let calls = first.note(answer)?;
            first.job.note_took(took);
            self.calls_sent -= calls;
            self.answer = message;
            buffers::trim(&mut self.answer);
            if first.job.calls_left() == 0
                && let Some(Sent { job, .. }) = self.sent.pop_front()
            {
                landed.push(job, Answered::Noted);
            }
            return Ok((calls, took));
        }
        if let Some(aside) = &mut aside {
            wire::cut_aside_tail(aside, number)?;
        }
        let answered = match (answer, aside) {
            (Answer::Values { .. }, _) => return Err(LinkError::Protocol),
            (Answer::ValueWithAside(_), None) => {
                // It has run, so that its arguments are not needed any more, and it cannot be taken back.
                first.job.begin();
                self.aside = Some(first.job.take_aside());
                self.answer = message;
                return Ok((0, Duration::ZERO));
            }
            (Answer::Failed(error), _) => Answered::Failed(error),
            (Answer::Value(value), _) if value.len() > LARGE_LEN_BYTES => {
                let start = message.len() - value.len();
                self.answer = std::mem::take(&mut self.spare);
                Answered::Large(message, start)
            }
            (Answer::Value(value) | Answer::ValueWithAside(value), aside) => {
                let mut aside = aside.unwrap_or_default();
                if aside.capacity() / 2 > aside.len() {
                    // It was an argument that was much longer.
                    aside.shrink_to_fit();
                }
                let answered = landed.take_in(value, aside).ok_or(LinkError::Protocol)?;
                self.answer = message;
                answered
            }
        };
        self.calls_sent -= 1;
        if let Some(Sent { job, .. }) = self.sent.pop_front() {
            landed.push(job, answered);
        }
        Ok((1, took))
    }

    /// Whether calls of a chunk have ended whose answers the worker still gathers. Then its clock begins again.
    pub(crate) fn has_gone_on(&mut self) -> bool {
        let progress = self.link.progress();
        let Some(first) = self.sent.front_mut().filter(|first| first.job.is_chunk()) else { return false };
        // More than it has cannot have ended: so there is an end to what a worker can say.
        let (ended, known) = (progress.calls as usize, first.done());
        if !progress.is_of(first.number) || ended <= known || ended > first.calls {
            return false;
        }
        first.ended = ended;
        self.since = Instant::now();
        true
    }

    /// Forgets jobs at the front that were taken back.
    fn sweep(&mut self, landed: &mut Landed) {
        while self.drop_shell(landed) {
            self.first_begins();
        }
    }

    /// Forgets the first job if it was taken back; whether it was. What is half written has to be written before.
    fn drop_shell(&mut self, landed: &mut Landed) -> bool {
        if self.written.is_some() && self.sent.len() == 1 {
            return false;
        }
        let claims = &self.claims;
        let shell =
            self.sent.pop_front_if(|first| !first.job.has_begun() && claims.look(first.number) == Claim::TakenBack);
        let Some(Sent { job, .. }) = shell else { return false };
        self.calls_sent -= job.calls_left();
        landed.shell(job);
        true
    }
}
