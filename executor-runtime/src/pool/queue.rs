//! Jobs in the order in which they are to start: the highest priority first,
//! first in first out within one; for many submitters and many lanes.
//!
//! ```text
//!  submitters ──▶ inbox ──all at once──▶ ordered ──▶ lanes
//!               (as they came)        (by priority)
//! ```
//!
//! 1. Submitters and lanes have a lock each, so that they seldom wait for each
//!    other. A lane takes over the inbox when it has no job of priority 0 left, or
//!    when the inbox has one of another priority. So the order is as if there
//!    were one list. Who needs both locks takes the one of the ordered jobs first.
//! 2. A lane that finds no job looks at the inbox and at the close a last time
//!    under the inbox's lock, and sleeping lets go of that in one step. Who brings a
//!    job, or closes, has that lock, too, when it looks for sleepers; so a lane that
//!    has missed the job is found asleep. A job that is put back lies with the
//!    ordered ones before its bringer looks, and the lane has both locks for its look.
//! 3. At most one lane is being woken at a time: to wake it costs more than most jobs
//!    do. When it is awake it wakes the next one if there is more than it takes itself.
//!    Every lane that ends its sleep takes the mark `waking` away, so it never stays.
//! 4. Before a lane sleeps it looks at the number of jobs a few times, again since being
//!    woken costs. As long as one does (`searching`), nobody is woken. One that finds
//!    a job counts itself out, and then wakes another if there is more. One that does
//!    not counts itself out, and then looks as in 2.
//! 5. The close wakes all.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crossbeam::utils::CachePadded;

use super::Pooled;
use crate::sync::{AtomicBool, AtomicUsize, Condvar, Mutex, MutexGuard, Ordering, fence, snooze};

/// See the module.
pub(super) struct Queue<J> {
    /// What lanes take from. On a cache line of its own, as is what submitters write to.
    ordered: CachePadded<Mutex<Ordered<J>>>,
    /// [`Ordered::len`], for a look without the lock.
    ordered_len: CachePadded<AtomicUsize>,
    inbox: CachePadded<Mutex<Inbox<J>>>,
    /// With the inbox's lock: there is a job more, or the queue was closed.
    changed: Condvar,
    /// The length of the inbox, for a look without the lock.
    inbox_len: CachePadded<AtomicUsize>,
    /// The inbox has a job of another priority than 0. Changes under the inbox's lock.
    inbox_is_mixed: AtomicBool,
    /// Changes under the inbox's lock.
    closed: AtomicBool,
    /// Lanes that look for a job before they sleep: see rule 4.
    searching: CachePadded<AtomicUsize>,
}

/// What has come, in that order.
struct Inbox<J> {
    jobs: VecDeque<J>,
    /// Lanes that sleep.
    sleeping: usize,
    /// One of them is being woken: see rule 3.
    waking: bool,
    /// Jobs that have ended are swept out after so many pushes.
    until_sweep: usize,
}

struct Ordered<J> {
    /// Jobs of priority 0: nearly always all of them.
    usual: VecDeque<J>,
    /// Jobs of all other priorities. No deque in it is empty.
    others: BTreeMap<Reverse<i32>, VecDeque<J>>,
    /// Of all of them.
    len: usize,
    /// It was emptied after the close: nothing will be here any more.
    is_drained: bool,
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

/// At least so many pushes are between two sweeps, and at least as many as jobs are left by the first: so sweeping
/// costs a push no more than a look at two jobs.
const FEWEST_PUSHES: usize = 64;

impl<J: Pooled> Queue<J> {
    pub(super) fn new() -> Self {
        let inbox = Inbox { jobs: VecDeque::new(), sleeping: 0, waking: false, until_sweep: FEWEST_PUSHES };
        let ordered = Ordered { usual: VecDeque::new(), others: BTreeMap::new(), len: 0, is_drained: false };
        Self {
            ordered: CachePadded::new(Mutex::new(ordered)),
            ordered_len: CachePadded::default(),
            inbox: CachePadded::new(Mutex::new(inbox)),
            changed: Condvar::default(),
            inbox_len: CachePadded::default(),
            inbox_is_mixed: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            searching: CachePadded::default(),
        }
    }

    /// Adds a job behind those of its priority; gives it back if the queue is closed.
    ///
    /// Says how many jobs were swept out: they had ended while they were queued, and will not be popped.
    pub(super) fn push(&self, job: J) -> Result<usize, J> {
        let mut inbox = self.inbox.lock();
        // Relaxed: it changes under this lock.
        if self.closed.load(Ordering::Relaxed) {
            return Err(job);
        }
        if job.priority() != 0 {
            // Relaxed: a lane that has heard of this push sees it, too; to others both are at once.
            self.inbox_is_mixed.store(true, Ordering::Relaxed);
        }
        inbox.jobs.push_back(job);
        // Release: see `looks_filled`.
        self.inbox_len.store(inbox.jobs.len(), Ordering::Release);
        inbox.until_sweep -= 1;
        let sweeps = inbox.until_sweep == 0;
        if sweeps {
            // Others push before it is done.
            inbox.until_sweep = FEWEST_PUSHES;
        }
        self.wake_one(inbox);
        Ok(if sweeps { self.sweep() } else { 0 })
    }

    /// Puts a job back that was popped and not started: it is the first of its priority again, also once closed. Gives
    /// it back if the queue was [drained](Self::drain): it would be the only one that is left to run.
    pub(super) fn put_back(&self, job: J) -> Result<(), J> {
        let mut ordered = self.ordered.lock();
        if ordered.is_drained {
            return Err(job);
        }
        ordered.deque(job.priority()).push_front(job);
        ordered.len += 1;
        self.let_go(ordered);
        self.wake_one(self.inbox.lock());
        Ok(())
    }

    /// Waits for a job, for `patience` at most if there is one.
    pub(super) fn pop(&self, patience: Option<Duration>) -> Popped<J> {
        // Relaxed: a hint. The lanes' own number first: the other one is in the hands of submitters.
        if (self.ordered_len.load(Ordering::Relaxed) > 0 || self.looks_filled())
            && let Some(job) = self.try_pop()
        {
            return Popped::Job(job);
        }
        let mut searched = true;
        self.searching.fetch_add(1, Ordering::Relaxed);
        snooze(|| self.looks_filled());
        self.searching.fetch_sub(1, Ordering::Relaxed);
        // A patience past the end of the clock has no end.
        let deadline = patience.and_then(|patience| Instant::now().checked_add(patience));
        loop {
            let mut ordered = self.ordered.lock();
            if let Some(job) = self.take_first(&mut ordered) {
                self.let_go(ordered);
                if searched {
                    self.wake_for_the_rest();
                }
                return Popped::Job(job);
            }
            let mut inbox = self.inbox.lock();
            if !inbox.jobs.is_empty() {
                continue;
            }
            // Relaxed: it changes under this lock.
            if self.closed.load(Ordering::Relaxed) {
                return Popped::Over;
            }
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return Popped::Idle;
            }
            drop(ordered);
            inbox.sleeping += 1;
            inbox = self.changed.wait(inbox, deadline);
            inbox.sleeping -= 1;
            inbox.waking = false;
            searched = false;
            // Relaxed: one that is put back is told of under this lock.
            if inbox.jobs.len() + self.ordered_len.load(Ordering::Relaxed) > 1 {
                self.wake_one(inbox);
            }
        }
    }

    /// The first job, if there is one now.
    pub(super) fn try_pop(&self) -> Option<J> {
        self.try_pop_if(|_| true)
    }

    /// The first job, if there is one now and it is wanted.
    pub(super) fn try_pop_if(&self, wanted: impl FnOnce(&J) -> bool) -> Option<J> {
        let mut ordered = self.ordered.lock();
        self.fill(&mut ordered);
        let job = if ordered.first().is_some_and(wanted) { ordered.take_first() } else { None };
        self.let_go(ordered);
        job
    }

    /// How many jobs there are, as far as one can see without a lock. A thread sees its own pushes.
    pub(super) fn len_now(&self) -> usize {
        // Acquire, and in this order: see `looks_filled`.
        self.inbox_len.load(Ordering::Acquire) + self.ordered_len.load(Ordering::Relaxed)
    }

    /// Takes out what is queued now, in its order. Of a queue that is closed that is the end: nothing is put back.
    pub(super) fn drain(&self) -> Vec<J> {
        let mut ordered = self.ordered.lock();
        ordered.is_drained = self.is_closed();
        drop(self.take_over(&mut ordered));
        let jobs = ordered.take_all();
        self.let_go(ordered);
        jobs
    }

    /// Whether there is no job.
    pub(super) fn is_empty(&self) -> bool {
        let ordered = self.ordered.lock();
        ordered.len == 0 && self.inbox.lock().jobs.is_empty()
    }

    /// Whether [`Queue::pop`] would say [`Popped::Over`].
    pub(super) fn is_over(&self) -> bool {
        self.is_closed() && self.is_empty()
    }

    pub(super) fn is_closed(&self) -> bool {
        // Acquire: what came before the close is seen, too.
        self.closed.load(Ordering::Acquire)
    }

    /// Takes no more jobs.
    pub(super) fn close(&self) {
        let inbox = self.inbox.lock();
        // Release: see `is_closed`.
        self.closed.store(true, Ordering::Release);
        drop(inbox);
        self.changed.notify_all();
    }

    /// Whether there is a job, as far as one can see without a lock.
    fn looks_filled(&self) -> bool {
        // Acquire, and in this order: jobs that have left the inbox are seen where they are now.
        self.inbox_len.load(Ordering::Acquire) > 0 || self.ordered_len.load(Ordering::Relaxed) > 0
    }

    fn take_first(&self, ordered: &mut Ordered<J>) -> Option<J> {
        self.fill(ordered);
        ordered.take_first()
    }

    /// Takes the inbox over if the first of all jobs may be there.
    fn fill(&self, ordered: &mut Ordered<J>) {
        // Relaxed: see `push`.
        if ordered.usual.is_empty() || self.inbox_is_mixed.load(Ordering::Relaxed) {
            drop(self.take_over(ordered));
        }
    }

    /// Moves the inbox to the ordered jobs.
    fn take_over(&self, ordered: &mut Ordered<J>) -> MutexGuard<'_, Inbox<J>> {
        let mut inbox = self.inbox.lock();
        // Relaxed: it changes under this lock.
        if !self.inbox_is_mixed.load(Ordering::Relaxed) && ordered.usual.is_empty() {
            ordered.len += inbox.jobs.len();
            // The room that jobs were in is used again.
            std::mem::swap(&mut ordered.usual, &mut inbox.jobs);
        } else {
            inbox.jobs.drain(..).for_each(|job| ordered.add(job));
            self.inbox_is_mixed.store(false, Ordering::Relaxed);
        }
        self.ordered_len.store(ordered.len, Ordering::Relaxed);
        // Release: see `looks_filled`.
        self.inbox_len.store(0, Ordering::Release);
        inbox
    }

    /// Takes out the jobs that have ended while they were queued, and says how many.
    fn sweep(&self) -> usize {
        let mut ordered = self.ordered.lock();
        let mut inbox = self.take_over(&mut ordered);
        let swept = ordered.sweep();
        inbox.until_sweep = ordered.len.max(FEWEST_PUSHES);
        drop(inbox);
        self.let_go(ordered);
        // They are shells, but no lock is held while they are dropped, as with anything of the user's.
        swept.len()
    }

    /// Lets go of the lock, and tells the number of jobs to those who look without it.
    fn let_go(&self, ordered: MutexGuard<'_, Ordered<J>>) {
        // Relaxed: a hint when to take the lock.
        self.ordered_len.store(ordered.len, Ordering::Relaxed);
        drop(ordered);
    }

    /// Wakes a lane for a job that has come, if rules 3 and 4 want it.
    fn wake_one(&self, mut inbox: MutexGuard<'_, Inbox<J>>) {
        if inbox.sleeping == 0 || inbox.waking {
            return;
        }
        // Pairs with the one of `wake_for_the_rest`: either this sees that nobody searches any more, or whoever has
        // searched sees the job.
        fence(Ordering::SeqCst);
        if self.searching.load(Ordering::Relaxed) == 0 {
            inbox.waking = true;
            drop(inbox);
            self.changed.notify_one();
        }
    }

    /// Wakes a lane for the jobs that nobody was woken for because the caller was searching.
    fn wake_for_the_rest(&self) {
        fence(Ordering::SeqCst);
        if self.looks_filled() {
            self.wake_one(self.inbox.lock());
        }
    }
}

impl<J: Pooled> Ordered<J> {
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

    /// The one that [`take_first`](Self::take_first) takes.
    fn first(&self) -> Option<&J> {
        let other = self.others.first_key_value().and_then(|(priority, jobs)| Some((priority.0, jobs.front()?)));
        match (other, self.usual.front()) {
            (Some((priority, job)), _) if priority > 0 => Some(job),
            (other, usual) => usual.or(other.map(|(_, job)| job)),
        }
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

    /// Takes out the jobs that have ended.
    fn sweep(&mut self) -> Vec<J> {
        // Most queues have none, and then nothing is moved.
        if !self.usual.iter().chain(self.others.values().flatten()).any(J::is_over) {
            return Vec::new();
        }
        let (swept, left) = self.take_all().into_iter().partition(J::is_over);
        Vec::into_iter(left).for_each(|job| self.add(job));
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
    fn only_a_job_that_is_wanted_is_popped() {
        let queue = Queue::new();
        let push = |number, priority| assert!(queue.push(Job { number, priority, over: false }).is_ok());
        push(1, 0);
        push(2, -1);
        push(3, 7);
        for expected in [3, 1, 2] {
            assert!(queue.try_pop_if(|job| job.number != expected).is_none(), "{expected} is the first");
            assert_eq!(queue.try_pop_if(|job| job.number == expected).map(|job| job.number), Some(expected));
        }
        assert!(queue.try_pop_if(|_| true).is_none());
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
    fn the_inbox_does_not_change_the_order() {
        let queue = Queue::new();
        let push = |number, priority| queue.push(job(number, priority)).expect("open");
        let pop = || queue.try_pop().map(|job| job.number);
        push(0, 0);
        push(1, -1);
        push(2, 0);
        assert_eq!(pop(), Some(0));
        // There are ordered jobs, and then come a more urgent one and a less urgent one.
        push(3, 1);
        push(4, -2);
        assert_eq!([(); 2].map(|()| pop()), [Some(3), Some(2)]);
        // Those that are left are less urgent than what comes.
        push(5, 0);
        assert_eq!([(); 4].map(|()| pop()), [Some(5), Some(1), Some(4), None]);
    }

    #[test]
    fn patience_ends() {
        let queue = Queue::<Job>::new();
        assert_eq!(queue.pop(Some(Duration::ZERO)), Popped::Idle);
    }

    #[test]
    fn jobs_that_have_ended_do_not_pile_up() {
        let queue = Queue::new();
        for number in 0..10 * FEWEST_PUSHES {
            queue.push(Job { number, priority: i32::from(number % 3 == 0), over: number > 0 }).expect("open");
            assert!(queue.ordered.lock().len + queue.inbox.lock().jobs.len() <= FEWEST_PUSHES);
        }
        assert_eq!(numbers(&queue.drain())[0], 0);
    }
}
