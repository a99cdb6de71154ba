//! Jobs in the order in which they are to start: the highest priority first,
//! first in first out within one; for many submitters and many lanes.
//!
//! 1. Jobs, their number, and whether the queue is closed change under one lock.
//!    A lane looks at all three before it sleeps, and sleeping lets go of the lock
//!    in one step; so a job or a close that comes later finds it asleep and wakes it.
//! 2. Each job wakes one lane at most, the close wakes all.
//! 3. Before a lane takes the lock to sleep, it looks at the number of jobs a few
//!    times: being woken costs more than most jobs do.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crossbeam::utils::CachePadded;

use super::Pooled;
use crate::sync::{AtomicUsize, Condvar, Mutex, MutexGuard, Ordering, snooze};

/// See the module.
pub(super) struct Queue<J> {
    inner: Mutex<Inner<J>>,
    /// There is a job more, or the queue was closed.
    changed: Condvar,
    /// [`Inner::len`], for a look without the lock. On a cache line of its own: lanes look at it in a loop.
    len: CachePadded<AtomicUsize>,
}

struct Inner<J> {
    /// Jobs of priority 0: nearly always all of them.
    usual: VecDeque<J>,
    /// Jobs of all other priorities. No deque in it is empty.
    others: BTreeMap<Reverse<i32>, VecDeque<J>>,
    /// Of all of them.
    len: usize,
    /// Lanes that sleep.
    sleeping: usize,
    closed: bool,
    /// Jobs that have ended are swept out when there are as many as this.
    sweep_at: usize,
}

/// What [`Queue::pop`] came back with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Popped<J> {
    Job(J),
    /// Nothing came in time.
    Idle,
    /// The queue is closed and empty.
    Over,
}

/// A queue that is shorter than this is not swept.
const FEWEST_SWEPT: usize = 64;

impl<J: Pooled> Queue<J> {
    pub(super) fn new() -> Self {
        Self {
            inner: Mutex::new(Inner {
                usual: VecDeque::new(),
                others: BTreeMap::new(),
                len: 0,
                sleeping: 0,
                closed: false,
                sweep_at: FEWEST_SWEPT,
            }),
            changed: Condvar::default(),
            len: CachePadded::new(AtomicUsize::new(0)),
        }
    }

    /// Adds a job behind those of its priority; gives it back if the queue is closed.
    ///
    /// Says how many jobs were swept out: they had ended while they were queued, and will not be popped.
    pub(super) fn push(&self, job: J) -> Result<usize, J> {
        let mut inner = self.inner.lock();
        if inner.closed {
            return Err(job);
        }
        let swept = if inner.len >= inner.sweep_at { inner.sweep() } else { Vec::new() };
        inner.add(job);
        let wakes = inner.sleeping > 0;
        self.publish(inner);
        if wakes {
            self.changed.notify_one();
        }
        let count = swept.len();
        drop(swept);
        Ok(count)
    }

    /// Puts a job back that was popped and not started: it is the first of its priority again, also once closed.
    pub(super) fn put_back(&self, job: J) {
        let mut inner = self.inner.lock();
        inner.deque(job.priority()).push_front(job);
        inner.len += 1;
        let wakes = inner.sleeping > 0;
        self.publish(inner);
        if wakes {
            self.changed.notify_one();
        }
    }

    /// Waits for a job, for `patience` at most if there is one.
    pub(super) fn pop(&self, patience: Option<Duration>) -> Popped<J> {
        // Relaxed: only a hint when to take the lock.
        snooze(|| self.len.load(Ordering::Relaxed) > 0);
        // A patience past the end of the clock has no end.
        let deadline = patience.and_then(|patience| Instant::now().checked_add(patience));
        let mut inner = self.inner.lock();
        loop {
            if let Some(job) = inner.take_first() {
                self.publish(inner);
                return Popped::Job(job);
            }
            if inner.closed {
                return Popped::Over;
            }
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return Popped::Idle;
            }
            inner.sleeping += 1;
            inner = self.changed.wait(inner, deadline);
            inner.sleeping -= 1;
        }
    }

    /// The first job, if there is one now.
    pub(super) fn try_pop(&self) -> Option<J> {
        let mut inner = self.inner.lock();
        let job = inner.take_first();
        self.publish(inner);
        job
    }

    /// How many jobs there are, as far as one can see without the lock.
    pub(super) fn len_now(&self) -> usize {
        // Relaxed: a thread sees its own pushes, and more is not promised.
        self.len.load(Ordering::Relaxed)
    }

    /// Takes out what is queued now, in its order.
    pub(super) fn drain(&self) -> Vec<J> {
        let mut inner = self.inner.lock();
        let jobs = inner.take_all();
        self.publish(inner);
        jobs
    }

    /// Whether there is no job.
    pub(super) fn is_empty(&self) -> bool {
        self.inner.lock().len == 0
    }

    /// Whether [`Queue::pop`] would say [`Popped::Over`].
    pub(super) fn is_over(&self) -> bool {
        let inner = self.inner.lock();
        inner.closed && inner.len == 0
    }

    pub(super) fn is_closed(&self) -> bool {
        self.inner.lock().closed
    }

    /// Takes no more jobs.
    pub(super) fn close(&self) {
        self.inner.lock().closed = true;
        self.changed.notify_all();
    }

    /// Lets go of the lock, and tells the number of jobs to those who look without it.
    fn publish(&self, inner: MutexGuard<'_, Inner<J>>) {
        // Relaxed: see `pop`.
        self.len.store(inner.len, Ordering::Relaxed);
        drop(inner);
    }
}

impl<J: Pooled> Inner<J> {
    fn deque(&mut self, priority: i32) -> &mut VecDeque<J> {
        match priority {
            0 => &mut self.usual,
            other => self.others.entry(Reverse(other)).or_default(),
        }
    }

    fn add(&mut self, job: J) {
        self.deque(job.priority()).push_back(job);
        self.len += 1;
    }

    fn take_first(&mut self) -> Option<J> {
        let urgent = self.others.first_key_value().is_some_and(|(Reverse(priority), _)| *priority > 0);
        let usual = if urgent { None } else { self.usual.pop_front() };
        let job = usual.or_else(|| self.take_first_of_others())?;
        self.len -= 1;
        Some(job)
    }

    fn take_first_of_others(&mut self) -> Option<J> {
        let mut jobs = self.others.first_entry()?;
        let job = jobs.get_mut().pop_front();
        if jobs.get().is_empty() {
            jobs.remove();
        }
        job
    }

    fn take_all(&mut self) -> Vec<J> {
        std::iter::from_fn(|| self.take_first()).collect()
    }

    /// Takes out the jobs that have ended while they were queued. They are shells, but the caller lets go of the
    /// lock before it drops them, as with anything of the user's.
    fn sweep(&mut self) -> Vec<J> {
        let (swept, left) = self.take_all().into_iter().partition(J::is_over);
        Vec::into_iter(left).for_each(|job| self.add(job));
        self.sweep_at = (2 * self.len).max(FEWEST_SWEPT);
        swept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq)]
    struct Job {
        number: usize,
        priority: i32,
        over: bool,
    }

    impl Pooled for Job {
        fn priority(&self) -> i32 {
            self.priority
        }
        fn is_over(&self) -> bool {
            self.over
        }
        fn refuse(&self, _: crate::error::TaskError) {}
    }

    fn job(number: usize, priority: i32) -> Job {
        Job { number, priority, over: false }
    }

    fn numbers(jobs: &[Job]) -> Vec<usize> {
        jobs.iter().map(|job| job.number).collect()
    }

    #[test]
    fn a_closed_queue_is_emptied_before_it_is_over() {
        let queue = Queue::new();
        queue.push(job(1, 0)).expect("open");
        queue.close();
        assert_eq!(queue.push(job(2, 0)), Err(job(2, 0)));
        assert!(!queue.is_over());
        assert_eq!(queue.pop(None), Popped::Job(job(1, 0)));
        assert_eq!(queue.pop(None), Popped::Over);
        assert!(queue.is_over());
    }

    #[test]
    fn the_highest_priority_is_first_and_within_one_the_oldest() {
        let queue = Queue::new();
        for (number, priority) in [(0, 0), (1, -1), (2, 5), (3, 0), (4, 5), (5, i32::MAX), (6, i32::MIN)] {
            queue.push(job(number, priority)).expect("open");
        }
        let Popped::Job(first) = queue.pop(None) else { panic!("there are jobs") };
        assert_eq!(first.number, 5);
        assert_eq!(numbers(&queue.drain()), [2, 4, 0, 3, 1, 6]);
        assert!(queue.is_empty());
    }

    #[test]
    fn patience_ends() {
        let queue = Queue::<Job>::new();
        assert_eq!(queue.pop(Some(Duration::ZERO)), Popped::Idle);
    }

    #[test]
    fn jobs_that_have_ended_do_not_pile_up() {
        let queue = Queue::new();
        for number in 0..10 * FEWEST_SWEPT {
            queue.push(Job { number, priority: i32::from(number % 3 == 0), over: number > 0 }).expect("open");
            assert!(queue.inner.lock().len <= FEWEST_SWEPT);
        }
        assert_eq!(numbers(&queue.drain())[0], 0);
    }
}
