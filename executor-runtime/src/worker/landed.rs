//! What comes of jobs, from when their answers are read until they are told. That runs code of the user's, and so comes
//! later than the reading, which is done under a lock.

use std::ops::Range;

use super::buffers;
use crate::error::TaskError;
use crate::task::{Decoder, RunningJob, Seat};

/// Jobs whose answers have come and are not told.
#[derive(Default)]
pub(crate) struct Landed {
    jobs: Vec<(RunningJob, Answered)>,
    /// Of small answers.
    bytes: Vec<u8>,
    /// How many jobs were found that had been taken back.
    pub(crate) shells: usize,
    /// The largest buffer of an answer that was told.
    spare: Vec<u8>,
}

/// The answer to a job.
pub(super) enum Answered {
    /// It was noted in the job.
    Noted,
    /// Among the small ones, and what came out of band with it.
    Here(Range<usize>, Vec<u8>),
    /// At the end of a message.
    Large(Vec<u8>, usize),
    Failed(TaskError),
}

impl Landed {
    pub(crate) fn is_empty(&self) -> bool {
        self.jobs.is_empty() && self.shells == 0
    }

    pub(crate) fn jobs(&self) -> usize {
        self.jobs.len()
    }

    /// A job that was taken back by whoever has cancelled it.
    pub(super) fn shell(&mut self, job: RunningJob) {
        job.forget();
        self.shells += 1;
    }

    /// A job that ends so.
    pub(super) fn push(&mut self, job: RunningJob, answered: Answered) {
        self.jobs.push((job, answered));
    }

    /// Copies a value to the other small ones. `None` if there is no memory for it: one that has something beside it may
    /// be large.
    pub(super) fn take_in(&mut self, value: &[u8], aside: Vec<u8>) -> Option<Answered> {
        let start = self.bytes.len();
        self.bytes.try_reserve(value.len()).ok()?;
        self.bytes.extend_from_slice(value);
        Some(Answered::Here(start..self.bytes.len(), aside))
    }

    /// Ends the jobs. Each gives the seat back that `seat` makes.
    pub(crate) fn tell<'a>(&mut self, seat: impl Fn() -> Seat<'a>) {
        for _ in 0..std::mem::take(&mut self.shells) {
            drop(seat());
        }
        let Self { jobs, bytes, spare, .. } = self;
        for (mut job, answered) in jobs.drain(..) {
            match answered {
                Answered::Noted => job.deliver(seat()),
                Answered::Here(range, mut aside) => {
                    job.answer(Ok(Decoder::with_aside(&bytes[range], &mut aside)), seat());
                }
                Answered::Large(message, start) => {
                    job.answer(Ok(Decoder::new(&message[start..])), seat());
                    buffers::keep(spare, message);
                }
                Answered::Failed(error) => job.answer(Err(error), seat()),
            }
        }
        bytes.clear();
    }

    /// What can be used again, if it is worth it.
    pub(crate) fn spare(&mut self) -> Option<Vec<u8>> {
        (self.spare.capacity() > 0).then(|| std::mem::take(&mut self.spare))
    }
}
