//! The jobs of a map that have been submitted and not yielded.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::error::TaskError;
use crate::future::{AsCompleted, State, TaskFuture, Wait, Watch, as_completed};
use crate::id::TaskId;
use crate::task::{Flight, IntoOutcomes, Results};

/// What has been submitted and not yielded.
pub(super) struct Flights<T> {
    /// How many calls it is.
    calls: usize,
    order: Order<T>,
}

/// The order in which results are yielded.
enum Order<T> {
    OfItems(VecDeque<Flown<T>>),
    OfEnds(AsCompleted<Flown<T>>),
}

/// One job in flight.
pub(super) enum Flown<T> {
    One(TaskFuture<T>),
    Chunk { future: TaskFuture<Results<T>>, calls: usize },
}

impl<T> Flights<T> {
    /// None yet; results will be yielded in the order of the items.
    pub(super) fn new() -> Self {
        Self { calls: 0, order: Order::OfItems(VecDeque::new()) }
    }

    /// Has results yielded in the order in which the jobs end.
    pub(super) fn unordered(&mut self) {
        if let Order::OfItems(queue) = &mut self.order {
            self.order = Order::OfEnds(as_completed(std::mem::take(queue)));
        }
    }

    /// How many jobs are in flight.
    pub(super) fn jobs(&self) -> usize {
        match &self.order {
            Order::OfItems(queue) => queue.len(),
            Order::OfEnds(ends) => ends.len(),
        }
    }

    /// How many calls are in flight.
    pub(super) fn calls(&self) -> usize {
        self.calls
    }

    pub(super) fn add(&mut self, flight: Flight<T>) {
        match flight {
            Flight::One(future) => self.add_job(Flown::One(future)),
            Flight::Each(futures) => futures.into_iter().for_each(|future| self.add_job(Flown::One(future))),
            Flight::Chunk { future, calls } => self.add_job(Flown::Chunk { future, calls }),
        }
    }

    fn add_job(&mut self, flown: Flown<T>) {
        self.calls += flown.calls();
        match &mut self.order {
            Order::OfItems(queue) => queue.push_back(flown),
            Order::OfEnds(ends) => ends.push(flown),
        }
    }

    /// The next job that has ended; if none does in time, how many calls have not.
    pub(super) fn next_until(&mut self, deadline: Option<Instant>) -> Result<Option<Flown<T>>, usize> {
        let next = match &mut self.order {
            Order::OfItems(queue) => match queue.front() {
                Some(first) if !first.wait_until(deadline) => {
                    return Err(queue.iter().filter(|flown| !Wait::state(*flown).is_done()).map(Flown::calls).sum());
                }
                _ => queue.pop_front(),
            },
            Order::OfEnds(ends) => ends.next_until(deadline).map_err(|_| self.calls)?,
        };
        self.calls -= next.as_ref().map_or(0, Flown::calls);
        Ok(next)
    }

    /// Cancels what has not started, and forgets the rest.
    pub(super) fn cancel(&mut self) {
        self.calls = 0;
        match &mut self.order {
            // From the back: the front is what runs next.
            Order::OfItems(queue) => queue.drain(..).rev().for_each(Flown::abandon),
            Order::OfEnds(ends) => ends.take_waiting().for_each(Flown::abandon),
        }
    }
}

impl<T> Flown<T> {
    fn calls(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Chunk { calls, .. } => *calls,
        }
    }

    fn wait_until(&self, deadline: Option<Instant>) -> bool {
        match self {
            Self::One(future) => future.wait_until(deadline),
            Self::Chunk { future, .. } => future.wait_until(deadline),
        }
    }

    fn abandon(self) {
        match self {
            Self::One(future) => future.abandon(),
            Self::Chunk { future, .. } => future.abandon(),
        }
    }

    /// The results of a job that has ended, and how long it ran if it was a chunk that did.
    pub(super) fn land(self) -> (Landed<T>, Option<Duration>) {
        match self {
            Self::One(future) => (Landed::One(Some(future.result())), None),
            Self::Chunk { future, calls } => match future.result() {
                Ok(Results { each, took }) => (Landed::Chunk(each.into_iter()), Some(took)),
                // It never started, and none of its calls did.
                Err(error) => (Landed::Refused { error, calls }, None),
            },
        }
    }

    fn as_wait(&self) -> &dyn Wait {
        match self {
            Self::One(future) => future,
            Self::Chunk { future, .. } => future,
        }
    }
}

impl<T> Wait for Flown<T> {
    fn identity(&self) -> Option<TaskId> {
        None
    }
    fn state(&self) -> State {
        self.as_wait().state()
    }
    fn help(&self) {
        self.as_wait().help();
    }
    fn watch(&self, watcher: &Watch, token: usize) -> bool {
        self.as_wait().watch(watcher, token)
    }
    fn unwatch(&self, watcher: &Watch) {
        self.as_wait().unwatch(watcher);
    }
}

/// The results of one job that have not been yielded.
pub(super) enum Landed<T> {
    One(Option<Result<T, TaskError>>),
    Chunk(IntoOutcomes<T>),
    /// A chunk of so many calls, each of which ends like this.
    Refused {
        error: TaskError,
        calls: usize,
    },
}

impl<T> Landed<T> {
    pub(super) fn none() -> Self {
        Self::One(None)
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::One(result) => usize::from(result.is_some()),
            Self::Chunk(results) => results.len(),
            Self::Refused { calls, .. } => *calls,
        }
    }

    /// The next result, if it is a value of a chunk.
    #[inline]
    pub(super) fn next_value(&mut self) -> Option<T> {
        match self {
            Self::Chunk(results) => results.next_value(),
            Self::One(_) | Self::Refused { .. } => None,
        }
    }

    pub(super) fn next(&mut self) -> Option<Result<T, TaskError>> {
        match self {
            Self::One(result) => result.take(),
            Self::Chunk(results) => results.next(),
            Self::Refused { error, calls } => {
                *calls = calls.checked_sub(1)?;
                Some(Err(error.clone()))
            }
        }
    }
}
