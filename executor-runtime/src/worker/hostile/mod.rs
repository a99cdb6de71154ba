//! A worker that does not keep to the protocol, as its pool sees it: both sides in one thread, by a seed. (How much the
//! host sends ahead goes by the clock, so a seed may need some tries to find the same again.)
//!
//! The host's side is the one that is shipped, with the rings; the guest plays by hand, and does one thing wrong in each
//! exchange. What has to be true whatever that is:
//!
//! 1. Nothing panics, and there is an end to everything. A host that has nothing to do says so and would sleep.
//! 2. Each task ends once: with its own value, or with an error. A worker can spoil the value of its task, as it can
//!    return what it wants; but what it has made for one task never reaches another. (Of the calls of one chunk it says
//!    itself which value is whose, and may lie.)
//! 3. A task that did not start is not lost with the worker.

mod dice;
mod guest;
mod sealed;

use std::collections::VecDeque;
use std::ops::Range;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use dice::Dice;
use guest::{Guest, Wrong};
use sealed::{Seal, Sealed};

use super::host::{Fate, Left, Terms, Worker};
use super::landed::Landed;
use super::obituary::Birth;
use super::output::Output;
use super::wear::Recycling;
use crate::error::TaskError;
use crate::future::TaskFuture;
use crate::sys::process::Process;
use crate::task::{Call, Carrier, Flight, ProcessJob, RemoteJob, Results, RunningJob, Seat, Sizing};
use crate::wire::{Claim, Claims, Forger, LinkError, LinkKind, Offer};

/// How the tasks of a play have ended, and its workers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) exchanges: u64,
    pub(crate) values: u64,
    /// Values that a worker has spoilt.
    pub(crate) broken: u64,
    pub(crate) failed: u64,
    pub(crate) lost: u64,
    pub(crate) cancelled: u64,
    /// Workers that have broken the protocol.
    pub(crate) protocol: u64,
    /// Those that were silent.
    pub(crate) silent: u64,
}

impl Tally {
    fn tasks(&self) -> u64 {
        self.values + self.broken + self.failed + self.lost + self.cancelled
    }
}

/// A host and its guests, one after the other.
pub(crate) struct Play<'d> {
    dice: Dice<'d>,
    process: Arc<Process>,
    stage: Option<Stage>,
    queue: VecDeque<RemoteJob>,
    /// What was begun elsewhere.
    again: Vec<RunningJob>,
    open: Vec<Submitted>,
    next_number: u64,
    tally: Tally,
}

/// A worker and who plays it.
struct Stage {
    worker: Worker,
    guest: Guest,
    carrier: Arc<dyn Carrier>,
    /// The guest's life, and the socket that the worker would watch.
    _lives: [UnixStream; 2],
}

/// A task, or a chunk of them, whose numbers begin with this one.
struct Submitted {
    number: u64,
    calls: u64,
    outcome: Outcome,
    /// The worker may have changed its answers. Which value is of which call of a chunk, it alone knows.
    is_touched: bool,
}

enum Outcome {
    One(TaskFuture<Vec<u8>>),
    Chunk(TaskFuture<Results<Vec<u8>>>),
}

/// What is on the way to a worker, for who cancels it.
struct Carried(Arc<dyn Claims>);

impl Carrier for Carried {
    fn take_back(&self, number: u32) -> bool {
        self.0.take_back(number) != Claim::Started
    }
    fn has_started(&self, number: u32) -> bool {
        self.0.look(number) == Claim::Started
    }
    fn kill(&self) {}
    fn lead(&self, _: u32) {}
}

impl<'d> Play<'d> {
    /// So many tasks wait behind the first at most.
    const MOST_BEHIND: usize = 6;

    /// More steps than any exchange needs.
    const MOST_STEPS: usize = 100_000;

    /// Of an answer: more than any that is honest.
    const MAX_LEN_BYTES: u64 = 1 << 20;

    const TERMS: Terms = Terms { limit: Some(Duration::from_secs(5)), grace: Duration::ZERO, is_aborted: false };

    /// # Panics
    ///
    /// If there are no descriptors.
    pub(crate) fn new(dice: Dice<'d>) -> Self {
        Self {
            dice,
            process: Arc::new(Process::dead().expect("a descriptor")),
            stage: None,
            queue: VecDeque::new(),
            again: Vec::new(),
            open: Vec::new(),
            next_number: 0,
            tally: Tally::default(),
        }
    }

    /// As many exchanges as there is chance for, at most so many, and an honest end. What came of it.
    ///
    /// # Panics
    ///
    /// If the host does anything that it must not.
    pub(crate) fn run(mut self, exchanges: u64) -> Tally {
        while self.tally.exchanges < exchanges && !self.dice.is_spent() {
            let wrong = Wrong::ALL[self.dice.below(Wrong::ALL.len())];
            let most = if self.dice.once_in(2) { 4 } else { 24 };
            let wait = self.dice.below(most);
            self.exchange(wrong, wait);
        }
        self.stage = None;
        // Whatever is left, with guests that do nothing wrong. One may still be ended for a task that is killed.
        for _ in 0..100 {
            self.exchange(Wrong::Nothing, 0);
            if self.queue.is_empty() && self.again.is_empty() {
                break;
            }
        }
        assert!(self.queue.is_empty() && self.again.is_empty(), "nothing is left");
        assert_eq!(self.open.iter().map(|open| open.number).next(), None, "a task has no end");
        assert_eq!(self.tally.tasks(), self.next_number, "each task ends once: {:?}", self.tally);
        self.tally
    }

    /// Some tasks, of which one thing goes wrong.
    fn exchange(&mut self, wrong: Wrong, wait: usize) {
        self.tally.exchanges += 1;
        for _ in 0..=self.dice.below(3) {
            self.submit();
        }
        let mut stage = self.stage.take().unwrap_or_else(|| self.new_stage());
        stage.guest.plan(wrong, wait);
        match self.talk(&mut stage) {
            Ok(()) => {
                // Not for ever: a new one begins with other numbers.
                if !self.dice.once_in(64) {
                    self.stage = Some(stage);
                }
            }
            Err(fate) => self.bury(stage.worker, fate),
        }
        if matches!(wrong, Wrong::Bits | Wrong::Word | Wrong::Kept | Wrong::Garbage) {
            self.open.iter_mut().for_each(|open| open.is_touched = true);
        }
        self.close_ended();
    }

    fn submit(&mut self) {
        let at = Location::caller();
        let number = self.next_number;
        let mut job = None;
        let outcome = if self.dice.once_in(3) {
            let count = 1 + self.dice.below(6);
            self.next_number += count as u64;
            let calls: Vec<_> = (number..self.next_number).map(|number| self.call(number, 8)).collect();
            let flight = Call::<Sealed>::submit_all_to(calls.into_iter(), Sizing::Asked, at, |run| {
                job = run.encode(None);
            });
            let Flight::Chunk { future, .. } = flight else { unreachable!("its arguments are numbers") };
            Outcome::Chunk(future)
        } else {
            self.next_number += 1;
            let call = self.call(number, 32);
            Outcome::One(call.submit_to(at, |run| job = run.encode_for(None)))
        };
        self.queue.extend(job);
        self.note(number, self.next_number - number, outcome);
    }

    fn note(&mut self, number: u64, calls: u64, outcome: Outcome) {
        self.open.push(Submitted { number, calls, outcome, is_touched: false });
    }

    /// One in so many is large.
    fn call(&mut self, number: u64, rarely: usize) -> Call<'static, Sealed> {
        let mut len = || {
            if self.dice.once_in(rarely) {
                [100, 1000, 6000, 17_000, 40_000][self.dice.below(5)]
            } else {
                self.dice.below(24)
            }
        };
        let (value, argument) = (len(), len());
        Call::new((number, u32::try_from(value).expect("not long"), vec![7; argument]))
    }

    fn new_stage(&mut self) -> Stage {
        let ring_len_bytes = [64, 256, 4096, 4096][self.dice.below(4)];
        self.stage_of(ring_len_bytes)
    }

    fn stage_of(&self, ring_len_bytes: u32) -> Stage {
        let (life, watched) = UnixStream::pair().expect("a socket pair");
        let mut offer = Offer::new(LinkKind::Ring { ring_len_bytes }, watched.as_fd()).expect("an offer");
        let descriptors = offer.descriptors().iter().map(|it| it.try_clone_to_owned().expect("a descriptor")).collect();
        let forger = Forger::new(ring_len_bytes, descriptors).expect("the guest's side");
        offer.let_go();
        let (link, bell) = offer.connect(None, Self::MAX_LEN_BYTES).expect("the host's side");
        let carrier = Arc::new(Carried(link.claims()));
        let control = watched.try_clone().expect("a descriptor");
        let output = Output::unheard(control);
        let process = Arc::clone(&self.process);
        let worker = Worker::new(process, link, bell, output, Birth::default(), Recycling::default());
        Stage { worker, guest: Guest::new(forger), carrier, _lives: [life, watched] }
    }

    /// Until everything has been answered and the guest has done what it planned, or the link fails.
    fn talk(&mut self, stage: &mut Stage) -> Result<(), Fate> {
        let mut landed = Landed::default();
        let mut idle_looks = 0;
        for _ in 0..Self::MOST_STEPS {
            let fed = self.feed(stage, &mut landed);
            let stepped = stage.worker.step(&mut landed, usize::MAX);
            landed.tell(Seat::none);
            let has_stepped = fed.and(stepped).map_err(Fate::Failed)?;
            stage.worker.flush();
            if stage.worker.has_killed(has_stepped) {
                return Err(Fate::Killed);
            }
            self.meddle(stage, &mut landed);
            if stage.guest.step(&mut self.dice) || has_stepped {
                idle_looks = 0;
                continue;
            }
            if stage.worker.is_idle() && self.queue.is_empty() && self.again.is_empty() {
                return Ok(());
            }
            if stage.worker.arm().map_err(Fate::Failed)? {
                stage.worker.disarm();
                if stage.worker.has_gone_on() {
                    continue;
                }
                self.tally.silent += 1;
                // It has had its time, or it dies.
                return Err(if self.dice.once_in(2) { Fate::TimedOut } else { Fate::Failed(LinkError::Closed) });
            }
            // It would not sleep, since there is something to do. Then it has to do it.
            idle_looks += 1;
            assert!(idle_looks < 3, "the host looks for ever and finds nothing");
        }
        panic!("the host has worked for ever");
    }

    /// As a lane does.
    fn feed(&mut self, stage: &mut Stage, landed: &mut Landed) -> Result<(), LinkError> {
        while stage.worker.has_room(Self::MOST_BEHIND) {
            if let Some(job) = self.again.pop() {
                stage.worker.send_again(job, &stage.carrier, landed)?;
                continue;
            }
            let Some(job) = self.queue.pop_front() else { break };
            if !stage.worker.fits(&job) {
                self.queue.push_front(job);
                break;
            }
            stage.worker.send(job, &stage.carrier)?;
        }
        Ok(())
    }

    /// What others do meanwhile.
    fn meddle(&mut self, stage: &mut Stage, landed: &mut Landed) {
        if self.dice.once_in(64) && !self.open.is_empty() {
            let (at, is_kill) = (self.dice.below(self.open.len()), self.dice.once_in(4));
            match &self.open[at].outcome {
                Outcome::One(future) if is_kill => future.kill(),
                Outcome::Chunk(future) if is_kill => future.kill(),
                Outcome::One(future) => future.cancel(),
                Outcome::Chunk(future) => future.cancel(),
            };
        }
        if self.dice.once_in(64) && !stage.worker.is_idle() {
            for job in stage.worker.take_back(landed).into_iter().rev() {
                self.queue.push_front(job);
            }
            landed.tell(Seat::none);
        }
    }

    fn bury(&mut self, worker: Worker, fate: Fate) {
        if fate == Fate::Failed(LinkError::Protocol) {
            self.tally.protocol += 1;
        }
        let mut landed = Landed::default();
        let Left { started, waiting } = worker.bury(fate, Self::TERMS, &mut landed);
        landed.tell(Seat::none);
        self.again.extend(started);
        for job in waiting.into_iter().rev() {
            self.queue.push_front(job);
        }
    }

    /// Looks at the tasks that have ended.
    fn close_ended(&mut self) {
        let tally = &mut self.tally;
        self.open.retain_mut(|Submitted { number, calls, outcome, is_touched }| match outcome {
            Outcome::One(future) => {
                let result = future.try_result();
                let is_open = result.is_none();
                if let Some(result) = result {
                    count(tally, *number..*number + 1, *number, result);
                }
                is_open
            }
            Outcome::Chunk(future) => {
                let result = future.try_result();
                let is_open = result.is_none();
                match result {
                    Some(Ok(results)) => {
                        assert_eq!(results.each.len() as u64, *calls);
                        for (own, result) in (*number..).zip(results.each) {
                            let may_be = if *is_touched { *number..*number + *calls } else { own..own + 1 };
                            count(tally, may_be, own, result);
                        }
                    }
                    Some(Err(error)) => {
                        for number in *number..*number + *calls {
                            count(tally, number..number + 1, number, Err(error.clone()));
                        }
                    }
                    None => {}
                }
                is_open
            }
        });
    }
}

/// Rule 2.
fn count(tally: &mut Tally, may_be: Range<u64>, number: u64, result: Result<Vec<u8>, TaskError>) {
    let counted = match result {
        Ok(value) => match Seal::look(&value) {
            Seal::Of(found) => {
                assert!(may_be.contains(&found), "the value of task {found} for task {number}");
                &mut tally.values
            }
            Seal::Broken => &mut tally.broken,
        },
        Err(TaskError::Cancelled) => &mut tally.cancelled,
        Err(TaskError::WorkerDied(_) | TaskError::TimedOut { .. }) => &mut tally.lost,
        Err(TaskError::PoolShutDown) => panic!("task {number} was dropped"),
        Err(_) => &mut tally.failed,
    };
    *counted += 1;
}

#[cfg(test)]
mod tests;
