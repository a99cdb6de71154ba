//! A worker and all who may be at it: its lane, those who submit, those who wait for an answer.
//!
//! ```text
//!  submit ──▶ send to an idle worker ─┐                    ┌─▶ lead: read the answer that one waits for
//!                                     ▼                    │
//!  lane ────▶ step, feed, sleep ───▶ worker, under one lock
//! ```
//!
//! 1. Whoever has the lock may write to the worker and read from it. Nothing waits under the lock, but for the
//!    microseconds in which a leader looks, and no code of the user's runs there: answers are told after it.
//! 2. The lane is always there behind the others. Whoever leaves the lock has either armed the link, so that the next
//!    thing that happens wakes the lane, or has poked the lane. Both are kept if the lane is not asleep yet.
//!    A lane that is up will come to the lock once more before it sleeps, and needs neither.
//! 3. A lane sleeps until a time that stands in the state. Who gives the worker something with an earlier one pokes it.
//! 4. An idle worker is in the crew's list, the last used first. It gets there under its lock, and the queue is looked
//!    at after that; a submitter looks at the list after it has queued a job. So one of the two sees the other.
//! 5. A submitter takes a worker off the list before it takes the worker's lock. If the worker is gone by then, it
//!    keeps its job.
//! 6. When all processors have a worker that is busy, and there are idle ones, a submitter sends a call behind others
//!    that are quick instead of waking one more, and leaves it in the queue if there is no room for that. So the lane of
//!    such a worker wakes when they are late, calls the idle, and gives them what waits.
//! 7. A leader reads nothing but the answer that it waits for: others could be told by code that needs what it holds.
//!    What it tells after the lock is counted, and a pool has not ended before that is told.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::crew::Crew;
use crate::error::TaskError;
use crate::pool::Pool;
use crate::sync::spin::Spin;
use crate::sync::{AtomicBool, AtomicUsize, Mutex, MutexGuard, Ordering};
use crate::sys::process::Process;
use crate::task::{Carrier, RemoteJob};
use crate::wire::{Bell, Claim, Claims};
use crate::worker::host::Worker;
use crate::worker::landed::Landed;

/// So many calls wait at most behind one that runs, if others than the lane have sent them.
const MOST_BEHIND: usize = 16;

/// A leader that has read for so long leaves the rest to the lane.
const LONGEST_LEAD: Duration = Duration::from_millis(10);

/// See the module.
pub(super) struct Station {
    at: Mutex<At>,
    /// How many look for an answer, or want to.
    leaders: AtomicUsize,
    process: Arc<Process>,
    bell: Arc<Bell>,
    claims: Arc<dyn Claims>,
    takes_ahead: bool,
    /// A task that it was sent is to be ended while it runs.
    kills: AtomicBool,
    /// For tasks whose call has no limit of its own.
    timeout: Option<Duration>,
    pool: Arc<Pool<RemoteJob>>,
    crew: Arc<Crew>,
    itself: Weak<Self>,
}

/// What is under the lock.
pub(super) struct At {
    /// `None` once the lane has let go of it.
    pub(super) worker: Option<Worker>,
    /// The lane is on its way to the lock.
    pub(super) lane_is_up: bool,
    /// When the lane wakes by itself.
    lane_wakes: Option<Instant>,
    /// A leader's.
    spin: Spin,
}

impl Station {
    pub(super) fn new(
        worker: Worker,
        timeout: Option<Duration>,
        pool: &Arc<Pool<RemoteJob>>,
        crew: &Arc<Crew>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|itself| Self {
            leaders: AtomicUsize::new(0),
            kills: AtomicBool::new(false),
            process: Arc::clone(worker.process()),
            bell: Arc::clone(worker.bell()),
            claims: Arc::clone(worker.claims()),
            takes_ahead: worker.takes_ahead(),
            at: Mutex::new(At { worker: Some(worker), lane_is_up: true, lane_wakes: None, spin: Spin::default() }),
            timeout,
            pool: Arc::clone(pool),
            crew: Arc::clone(crew),
            itself: Weak::clone(itself),
        })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, At> {
        self.at.lock()
    }

    pub(super) fn try_lock(&self) -> Option<MutexGuard<'_, At>> {
        self.at.try_lock()
    }

    /// Whether others than the lane can send it jobs.
    pub(super) fn takes_ahead(&self) -> bool {
        self.takes_ahead
    }

    /// Whether somebody looks for an answer.
    pub(super) fn is_led(&self) -> bool {
        // Relaxed: only a hint whether to look, too.
        self.leaders.load(Ordering::Relaxed) > 0
    }

    pub(super) fn bell(&self) -> &Bell {
        &self.bell
    }

    pub(super) fn carrier(&self) -> Option<Arc<dyn Carrier>> {
        self.itself.upgrade().map(|itself| itself as Arc<dyn Carrier>)
    }

    /// Gives an idle worker a job; back, if it cannot take it.
    pub(super) fn submit(&self, job: RemoteJob) -> Result<(), RemoteJob> {
        self.submit_to(job, |worker, _| worker.has_room(0))
    }

    /// Rule 6: gives a busy worker a job.
    pub(super) fn submit_behind(&self, job: RemoteJob) -> Result<(), RemoteJob> {
        self.submit_to(job, |worker, job| worker.is_quick() && worker.has_room(MOST_BEHIND) && worker.fits(job))
    }

    fn submit_to(
        &self,
        job: RemoteJob,
        has_room: impl FnOnce(&mut Worker, &RemoteJob) -> bool,
    ) -> Result<(), RemoteJob> {
        let mut at = self.lock();
        let Some(carrier) = self.carrier() else { return Err(job) };
        let At { worker: Some(worker), .. } = &mut *at else { return Err(job) };
        if !has_room(worker, &job) {
            return Err(job);
        }
        let sent = worker.send(job, &carrier);
        // A link that has failed fails again for the lane, which buries the worker.
        let poke = self.settle(&mut at);
        drop(at);
        if sent == Ok(false) {
            // It was cancelled, and counts no more.
            drop(self.pool.seat());
        }
        if poke {
            self.bell.poke();
        }
        Ok(())
    }

    /// Rule 2: what has to be done before the lock is left. True if the lane has to be poked after it.
    fn settle(&self, at: &mut At) -> bool {
        let Some(worker) = &mut at.worker else { return false };
        if worker.is_idle() && (worker.is_spent() || !self.rest()) {
            return true;
        }
        if at.lane_is_up {
            worker.flush();
            return false;
        }
        // Also if there is nothing to come: the lane notices a worker that breaks its link.
        if worker.arm() != Ok(true) {
            return true;
        }
        let wakes = worker.next_look(self.timeout);
        wakes.is_some_and(|wakes| at.lane_wakes.is_none_or(|lane_wakes| wakes < lane_wakes))
    }

    /// Rule 6: whether it will look at the queue soon, whatever happens.
    pub(super) fn is_quick(&self) -> bool {
        matches!(&self.lock().worker, Some(worker) if worker.is_quick() && worker.late_at().is_some())
    }

    /// Rule 4, for an idle worker: it is on the list. False if there is a job for it in the queue, or no more to come.
    pub(super) fn rest(&self) -> bool {
        let Some(itself) = self.itself.upgrade() else { return false };
        self.crew.rest(itself) && !self.pool.has_queued()
    }

    /// The lane sleeps, and lets go of the lock before. Whether the worker has ended.
    pub(super) fn sleep(&self, mut at: MutexGuard<'_, At>) -> bool {
        let wakes = at.worker.as_ref().and_then(|worker| worker.next_look(self.timeout));
        // The lane looks at everything when it wakes, and until then at nothing.
        (at.lane_is_up, at.lane_wakes) = (false, wakes);
        drop(at);
        #[cfg(all(test, shuttle))]
        self.bell.wait_in_model();
        #[cfg(not(all(test, shuttle)))]
        self.bell.wait(wakes);
        self.process.has_ended()
    }

    /// Whether the worker has to be ended for a task of its own. If there may be more to read, that may say that another
    /// task runs by now: then this is asked again.
    pub(super) fn has_to_kill(&self, worker: &Worker, may_read: bool) -> bool {
        // Relaxed: whoever sets it wakes the lane after that, and has marked the task, under its lock, before.
        if !self.kills.load(Ordering::Relaxed) {
            return false;
        }
        if !may_read {
            // Before the look: a task that is marked after it sets this again.
            self.kills.store(false, Ordering::SeqCst);
        }
        worker.has_killed(may_read)
    }

    /// Tells what has landed. Not under the lock.
    pub(super) fn tell(&self, landed: &mut Landed) {
        landed.tell(|| self.pool.seat());
        if let Some(spare) = landed.spare()
            && let Some(At { worker: Some(worker), .. }) = self.try_lock().as_deref_mut()
        {
            worker.keep(spare);
        }
    }

    /// Cancels what was sent and has not started.
    pub(super) fn cancel_waiting(&self) {
        if !self.takes_ahead {
            return;
        }
        let handles = self.lock().worker.as_ref().map(Worker::handles).unwrap_or_default();
        for handle in handles {
            handle.refuse(TaskError::Cancelled);
        }
    }
}

impl Carrier for Station {
    fn take_back(&self, number: u32) -> bool {
        match self.claims.take_back(number) {
            Claim::Offered => {
                // The lane forgets it, and what was behind it may be next.
                self.bell.poke();
                true
            }
            Claim::TakenBack => true,
            Claim::Started => false,
        }
    }

    fn has_started(&self, number: u32) -> bool {
        self.claims.look(number) == Claim::Started
    }

    fn kill(&self) {
        self.kills.store(true, Ordering::SeqCst);
        self.bell.poke();
    }

    fn lead(&self, number: u32) {
        // Relaxed: see `is_led`.
        self.leaders.fetch_add(1, Ordering::Relaxed);
        let mut landed = Landed::default();
        // The lane lets go of it, if it has nothing else to do.
        let at = Spin::default().until(|| self.at.try_lock());
        let poke = at.is_some_and(|mut at| self.lead_at(&mut at, number, &mut landed));
        self.leaders.fetch_sub(1, Ordering::Relaxed);
        if poke {
            self.bell.poke();
        }
        if !landed.is_empty() {
            // What callbacks may do depends on where they run.
            self.pool.home().visit(|| self.tell(&mut landed));
            self.crew.end_to_tell();
        }
    }
}

impl Station {
    /// Rule 7. True if the lane has to be poked.
    fn lead_at(&self, at: &mut At, number: u32, landed: &mut Landed) -> bool {
        let At { worker, spin, .. } = at;
        let Some(worker) = worker.as_mut().filter(|worker| worker.first() == Some(number)) else { return false };
        worker.disarm();
        let began = Instant::now();
        let mut is_over = false;
        while !is_over {
            // Each piece of a long answer is work, and a reason to look for the next.
            let found = spin.until(|| match worker.step(landed, 1) {
                Ok(false) => None,
                Ok(true) => Some(landed.jobs() > 0),
                Err(_) => Some(true),
            });
            // One that comes for ever is the lane's, which lets others in.
            is_over = found.unwrap_or(true) || began.elapsed() > LONGEST_LEAD;
        }
        if !landed.is_empty() {
            self.crew.begin_to_tell();
        }
        self.settle(at)
    }
}
