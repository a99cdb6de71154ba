//! The jobs of a map that have been submitted and not yielded.

use std::collections::VecDeque;
use std::time::Instant;

use crate::error::TaskError;
use crate::future::{AsCompleted, State, TaskFuture, TaskId, Wait, Watch, as_completed};
use crate::task::{Flight, Results};

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

    /// The results of a job that has ended.
    pub(super) fn land(self, landed: &mut VecDeque<Result<T, TaskError>>) {
        match self {
            Self::One(future) => landed.push_back(future.result()),
            Self::Chunk { future, calls } => match future.result() {
                Ok(results) => landed.extend(results),
                // It never started, and none of its calls did.
                Err(error) => landed.extend((0..calls).map(|_| Err(error.clone()))),
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
