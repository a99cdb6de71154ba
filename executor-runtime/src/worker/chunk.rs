//! A chunk of calls in the worker that runs it.
//!
//! Answers are gathered, and travel together. A worker that dies has those kept by its link that it has not sent.

use std::time::Instant;

use super::guest::{check_len, leave_if_copy};
use crate::error::TaskError;
use crate::sys::copy::Original;
use crate::task::panics;
use crate::task::registry::{Calls, TaskEntry};
use crate::task::row::{Row, split_first};
use crate::wire::{self, GuestLink, Keeper, LinkError, Progress, Task};

pub(super) struct Chunk<'a> {
    number: u32,
    /// The arguments of the calls that have not begun, in a row.
    left: &'a [u8],
    /// A call has begun and has no answer.
    is_running: bool,
    /// When the first call that has not been told began.
    since: Instant,
    /// How many calls have been answered.
    calls: u32,
    /// What was gathered.
    answers: &'a mut Row,
    /// Where they are kept until they are sent.
    keeper: Option<Keeper>,
    link: &'a mut dyn GuestLink,
    original: &'a Original,
    max_value_len_bytes: u64,
    /// Of the task.
    name: &'static str,
    /// Why there is nothing to do any more.
    failure: Option<LinkError>,
}

impl<'a> Chunk<'a> {
    /// `answers` is the room for them, which is used again.
    pub(super) fn new(
        task: &Task<'a>,
        link: &'a mut dyn GuestLink,
        original: &'a Original,
        max_value_len_bytes: u64,
        answers: &'a mut Row,
    ) -> Self {
        answers.begin(&wire::values_head(task.number, 0));
        let (number, left, keeper) = (task.number, task.arguments, link.keeper());
        Self {
            number,
            left,
            is_running: false,
            since: Instant::now(),
            calls: 0,
            answers,
            keeper,
            link,
            original,
            max_value_len_bytes,
            name: "",
            failure: None,
        }
    }

    /// Runs and answers all calls.
    pub(super) fn run(mut self, function: &Result<&TaskEntry, TaskError>) -> Result<(), LinkError> {
        self.name = function.as_ref().map_or("", |function| function.name);
        loop {
            let ran = match function {
                Ok(function) => function.run_all(&mut self),
                Err(error) => self.next().map_or(Ok(()), |_| Err(error.clone())),
            };
            if let Some(failure) = self.failure {
                return Err(failure);
            }
            // One that fails takes the loop over the others along.
            match ran {
                Ok(()) if self.left.is_empty() => return Ok(()),
                Ok(()) => return Err(LinkError::Protocol),
                Err(error) => self.fail(error)?,
            }
        }
    }

    /// Answers the call that runs with what was written.
    fn answer(&mut self) -> Result<(), LinkError> {
        leave_if_copy(self.original);
        self.answers.close();
        self.is_running = false;
        self.calls += 1;
        if !self.left.is_empty()
            && let Some(keeper) = &mut self.keeper
            && keeper.keep(self.answers.bytes(), Progress::new(self.number, self.calls))
        {
            return Ok(());
        }
        self.send()
    }

    /// Answers the call that runs with an error.
    fn fail(&mut self, error: TaskError) -> Result<(), LinkError> {
        leave_if_copy(self.original);
        if !self.is_running {
            // It was not the call that failed, but what is between two of them.
            return Err(LinkError::Protocol);
        }
        self.answers.withdraw();
        if self.answers.bytes().len() > wire::VALUES_HEAD_LEN_BYTES {
            self.send()?;
        }
        self.is_running = false;
        self.calls += 1;
        let message = self.answers.bytes_mut();
        wire::answer_with(message, &mut Vec::new(), self.number, self.since, |_, _| Err(error));
        self.tell()
    }

    /// Sends what was gathered.
    fn send(&mut self) -> Result<(), LinkError> {
        self.tell()?;
        if let Some(keeper) = &mut self.keeper {
            keeper.forget();
        }
        Ok(())
    }

    /// Sends what is written, and begins to gather again.
    fn tell(&mut self) -> Result<(), LinkError> {
        wire::say_took(self.answers.bytes_mut(), self.since.elapsed());
        let message = self.answers.bytes();
        // The host waits for the last answer.
        let is_last = self.left.is_empty() && !self.is_running;
        if is_last { self.link.send([message, &[]]) } else { self.link.send_quietly(message) }?;
        self.answers.begin(&wire::values_head(self.number, self.calls));
        self.since = Instant::now();
        Ok(())
    }
}

impl Calls for Chunk<'_> {
    fn next(&mut self) -> Option<(&[u8], &mut Vec<u8>)> {
        if self.is_running {
            let answered = match check_len(self.answers.open_len(), self.max_value_len_bytes, self.name) {
                Ok(()) => self.answer(),
                Err(error) => self.fail(error),
            };
            if let Err(failure) = answered {
                self.failure = Some(failure);
                return None;
            }
        }
        let (arguments, left) = split_first(self.left)?;
        self.left = left;
        self.is_running = true;
        panics::forget_notes();
        Some((arguments, self.answers.open()))
    }
}
