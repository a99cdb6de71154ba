//! The end of a worker that did not come by itself, and what becomes of the jobs it has.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{EXIT_LIMIT, Sent, Worker};
use crate::error::{TaskError, WorkerExit};
use crate::sys::process::Process;
use crate::task::{RemoteJob, RunningJob};
use crate::wire::{self, Answer, Claim, LinkError};
use crate::worker::landed::{Answered, Landed};
use crate::worker::obituary::Obituary;

/// Why a worker is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Its link has failed.
    Failed(LinkError),
    /// Its first call has had its time.
    TimedOut,
    /// A task that it runs was killed.
    Killed,
}

/// What a pool has agreed upon for the end of its workers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// For tasks whose call has no limit of its own.
    pub(crate) limit: Option<Duration>,
    /// Between the request to end and the end.
    pub(crate) grace: Duration,
    /// The whole pool is: nothing goes on elsewhere.
    pub(crate) is_aborted: bool,
}

/// What a worker leaves behind that is gone.
#[derive(Default)]
pub(crate) struct Left {
    /// They may have started: an error was noted in each, and what is left of it goes on elsewhere.
    pub(crate) started: Vec<RunningJob>,
    /// They have not.
    pub(crate) waiting: Vec<RemoteJob>,
}

impl Worker {
    /// Makes sure that the worker is dead, and says what becomes of the jobs it has.
    pub(crate) fn bury(mut self, fate: Fate, terms: Terms, landed: &mut Landed) -> Left {
        let Terms { limit, grace, is_aborted } = terms;
        // The next call of a chunk would begin in it.
        let grace =
            if self.sent.front().is_some_and(|first| first.job.calls_left() > 1) { Duration::ZERO } else { grace };
        let ran_for = self.since.elapsed();
        let condemned = (fate == Fate::TimedOut).then(|| self.first_call()).flatten();
        // Before it is killed: what has not started cannot any more, and need not be lost.
        let behind = self.take_back(landed);
        let exit = match fate {
            Fate::Failed(error) => ended(&self.process, error),
            Fate::TimedOut | Fate::Killed => {
                self.let_end(grace, landed);
                killed(&self.process)
            }
        };
        self.seal();
        // What it has answered meanwhile is answered.
        if fate != Fate::Failed(LinkError::Protocol) {
            while match self.step(landed, usize::MAX) {
                Ok(has_moved) => has_moved || self.link.await_rest(),
                Err(_) => false,
            } {}
            if !self.is_broken {
                self.take_kept(landed);
            }
        }
        // All that it has written is out before anybody is told of its end.
        let obituary = Obituary::new(&self.process, exit, self.birth, &self.output.finish());
        let condemned = condemned.filter(|condemned| self.first_call() == Some(*condemned));
        let mut left = Left::default();
        for (place, Sent { number, mut job, .. }) in std::mem::take(&mut self.sent).into_iter().enumerate() {
            let has_timed_out = condemned.is_some() && place == 0;
            if !job.has_begun() {
                match self.claims.take_back(number) {
                    // One that has had its time on its way here would have it on any other.
                    Claim::Offered if has_timed_out || place == 0 && !job.survives() => job.begin(),
                    Claim::Offered => {
                        left.waiting.push(job.take_back());
                        continue;
                    }
                    Claim::TakenBack => {
                        landed.shell(job);
                        continue;
                    }
                    Claim::Started => job.begin(),
                }
            }
            if place == 0 {
                job.note_took(ran_for);
            }
            let attempts = job.attempts();
            let whole_job = if is_aborted {
                Some(TaskError::PoolShutDown)
            } else {
                job.is_killed().then_some(TaskError::Cancelled)
            };
            if let Some(error) = whole_job {
                job.note_all_failed(&error);
            } else if place > 0 || !job.retry() {
                // Only the first has started, unless the worker has lied: then nobody knows what it has done.
                job.note_failed(match job.limit().or(limit) {
                    Some(limit) if has_timed_out => TaskError::TimedOut { limit, attempts, goes_on: false },
                    _ => TaskError::WorkerDied(Arc::new(obituary.of(&job, ran_for))),
                });
            }
            if job.calls_left() > 0 && !job.lose() {
                job.note_all_failed(&TaskError::Cancelled);
            }
            if job.calls_left() == 0 {
                landed.push(job, Answered::Noted);
            } else {
                left.started.push(job);
            }
        }
        left.waiting.extend(behind);
        left
    }

    /// Asks the worker to end, and lets it, and its first call, for as long as `grace`.
    fn let_end(&mut self, grace: Duration, landed: &mut Landed) {
        if grace.is_zero() {
            return;
        }
        // A grace past the end of the clock has none.
        let deadline = Instant::now().checked_add(grace);
        let condemned = self.first_call();
        self.process.terminate();
        while self.first_call() == condemned && deadline.is_none_or(|deadline| deadline > Instant::now()) {
            match self.step(landed, 1) {
                Ok(true) => continue,
                Ok(false) if self.process.has_ended() => return,
                Ok(false) => {}
                Err(_) => return,
            }
            match self.arm() {
                Ok(true) => {
                    self.bell.wait(deadline);
                    self.disarm();
                }
                Ok(false) => {}
                Err(_) => return,
            }
        }
    }

    /// Takes in what a worker that has ended has gathered and not sent.
    fn take_kept(&mut self, landed: &mut Landed) {
        let mut message = Vec::new();
        self.link.take_kept(&mut message);
        let Some(first) = self.sent.front() else { return };
        let (number, answered) = (first.number, first.answered());
        // What is no answer is as if it were not there: the worker need not be ended any more.
        if matches!(wire::read_answer(&message), Ok((head, Answer::Values { .. })) if head.number == number)
            && wire::leave_out_sent(&mut message, answered) == Ok(true)
        {
            let _: Result<_, LinkError> = self.take_answer(message, None, landed);
        }
    }
}

/// The end of a worker whose link failed.
fn ended(process: &Process, error: LinkError) -> WorkerExit {
    // A closed link is the first sign of a death, which then needs a moment to
    // be complete. A worker that goes on without its link is of no use.
    if error == LinkError::Protocol || !process.wait_ended(Some(EXIT_LIMIT)) {
        killed(process);
        return WorkerExit::Protocol;
    }
    process.reap()
}

fn killed(process: &Process) -> WorkerExit {
    if cfg!(shuttle) {
        // A model has no process to kill: its worker ends with its link.
        return WorkerExit::Unknown;
    }
    process.kill();
    process.reap()
}
