//! A queue and the lanes that empty it.
//!
//! ```text
//!  submit ──▶ backlog ──▶ queue ──▶ lane 0 ──▶ job
//!            (a limit)      └─────▶ lane 1 ──▶ job
//! ```
//!
//! A lane is a thread that runs jobs one after another; what running means is
//! the lane's own business ([`Lane`]), and so can be how it gets them ([`FreeLane`]).
//! Knows nothing of tasks or processes.
//!
//! 1. A lane is started when there are more jobs, queued or running, than lanes.
//! 2. Before it takes a job, a lane makes itself ready. One that cannot takes
//!    none and ends, so that no job is lost with it. When no lane is left, or when
//!    none can ever get ready, the pool is broken, and says why to all that is
//!    queued and all that comes.
//! 3. A lane that was idle for too long ends. It is counted out *before* it looks
//!    for a job a last time, and a submitter queues its job *before* it counts the
//!    lanes: so one of the two sees the other.
//! 4. A closed pool takes no more jobs; its lanes end when the queue is empty. It has
//!    ended when there is neither a lane nor a job, and no lane starts after that.

#[cfg(all(executor_bench, target_os = "linux"))]
pub(crate) mod bench;
mod lane;
#[cfg(all(test, shuttle))]
mod models;
mod owner;
mod queue;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lane::Waiting;
pub(crate) use lane::{FreeLane, Lane, Unready, Worked};
pub(crate) use owner::Owner;
use queue::Queue;

use crate::error::{PoolError, TaskError};
use crate::sync::thread::{Builder, JoinHandle};
use crate::sync::{AtomicUsize, Condvar, Mutex, Ordering, has_ended};
use crate::task::{Backlog, Home, Load, Permit, Seat, may_wait_for};

/// A job as a pool sees it.
pub(crate) trait Pooled {
    /// Higher ones start first.
    fn priority(&self) -> i32;

    /// Whether it has ended while it was queued.
    fn is_over(&self) -> bool;

    /// Ends it with `error` if it has not started.
    fn refuse(&self, error: TaskError);
}

/// How the lanes of a pool are made, and how many jobs may wait for them.
pub(crate) struct PoolOptions {
    pub(crate) max_lanes: usize,
    /// A lane's thread is called after this and its number.
    pub(crate) name_prefix: String,
    /// `None`: std's default.
    pub(crate) stack_size_bytes: Option<usize>,
    /// A lane without a job for so long ends; `None`: never.
    pub(crate) idle_timeout: Option<Duration>,
    /// `None`: any number.
    pub(crate) max_pending: Option<usize>,
}

/// See the module.
pub(crate) struct Pool<J> {
    home: Home,
    queue: Queue<J>,
    backlog: Option<Arc<Backlog>>,
    /// Jobs that are queued or running: see rule 1.
    load: Load,
    /// [`Lanes::live`], for a look without the lock.
    live: AtomicUsize,
    options: PoolOptions,
    lanes: Mutex<Lanes>,
    /// A lane has got ready or has ended.
    changed: Condvar,
    make_lane: Box<dyn Fn() -> Box<dyn FreeLane<J>> + Send + Sync>,
    /// Called when the pool is closed: lanes that do not wait in the queue have to look.
    on_close: Box<dyn Fn() + Send + Sync>,
}

/// Jobs that were taken out of the queue. Dropping them refuses them, too.
pub(crate) struct Queued<'a, J> {
    jobs: Vec<J>,
    load: &'a Load,
}

impl<J: Pooled> Queued<'_, J> {
    /// Ends them all with `error`.
    pub(crate) fn refuse(self, error: impl Fn() -> TaskError) {
        for job in self.jobs {
            let seat = Seat::new(self.load);
            job.refuse(error());
            drop(seat);
        }
    }
}

#[derive(Default)]
struct Lanes {
    live: usize,
    /// Those of the living that could take a job at least once.
    ready: usize,
    /// How many there have ever been; numbers their threads.
    started: usize,
    threads: Vec<JoinHandle<()>>,
    /// Why there is no lane and will be none: see rule 2.
    broken: Option<Arc<PoolError>>,
}

/// How a lane ended, when not for want of jobs.
enum Ended {
    Idle,
    Failed(Unready),
}

impl<J: Pooled + Send + 'static> Pool<J> {
    /// A pool without any lane yet. Each of its lanes is made by `make_lane`, in its own thread.
    pub(crate) fn new(
        options: PoolOptions,
        make_lane: impl Fn() -> Box<dyn Lane<J>> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Self::with_free_lanes(options, move || Box::new(Waiting(make_lane())), || ())
    }

    /// As [`Pool::new`], with lanes that take their jobs themselves. `on_close` wakes those that wait.
    pub(crate) fn with_free_lanes(
        options: PoolOptions,
        make_lane: impl Fn() -> Box<dyn FreeLane<J>> + Send + Sync + 'static,
        on_close: impl Fn() + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            home: Home::new(),
            queue: Queue::new(),
            backlog: options.max_pending.map(Backlog::new),
            load: Load::default(),
            live: AtomicUsize::new(0),
            options,
            lanes: Mutex::default(),
            changed: Condvar::default(),
            make_lane: Box::new(make_lane),
            on_close: Box::new(on_close),
        })
    }

    pub(crate) fn home(&self) -> Home {
        self.home
    }

    pub(crate) fn max_lanes(&self) -> usize {
        self.options.max_lanes
    }

    /// Waits until there is room for one more job. It is the job's from now on, until it starts or is refused.
    ///
    /// On a thread of the pool itself that could be for ever, so there the limit does not hold.
    pub(crate) fn admit(&self) -> Option<Permit> {
        self.backlog.as_ref().map(|backlog| backlog.admit(may_wait_for(self.home)))
    }

    /// As [`Pool::admit`], but an error instead of waiting.
    pub(crate) fn try_admit(&self) -> Result<Option<Permit>, Full> {
        self.backlog.as_ref().map(|backlog| backlog.try_admit().ok_or(Full)).transpose()
    }

    /// Waits until there is room for one more job, at most until `deadline`; whether there is any.
    pub(crate) fn wait_for_room(&self, deadline: Option<Instant>) -> bool {
        self.backlog.as_ref().is_none_or(|backlog| !may_wait_for(self.home) || backlog.wait_for_room(deadline))
    }

    /// Queues a job; one that comes too late is refused with the reason.
    pub(crate) fn submit(self: &Arc<Self>, job: J) {
        self.submit_past(job, Err);
    }

    /// As [`Pool::submit`], unless `take`, which can take a job past the queue, does.
    pub(crate) fn submit_past(self: &Arc<Self>, job: J, take: impl FnOnce(J) -> Result<(), J>) {
        self.load.add();
        let Err(job) = take(job) else { return };
        match self.queue.push(job) {
            Ok(swept) => {
                if swept > 0 {
                    // Those that were swept out count no more.
                    self.load.take_off(swept);
                }
                // Acquire: see `grow`. A pool that has all its lanes does not look at the load, which is in the lanes' hands.
                if self.live.load(Ordering::Acquire) < self.options.max_lanes {
                    self.grow(self.load.now());
                }
            }
            Err(job) => {
                self.load.take_off(1);
                job.refuse(self.why_closed());
            }
        }
    }

    /// Starts lanes until there are `wanted`, but not more than allowed.
    pub(crate) fn grow(self: &Arc<Self>, wanted: usize) {
        let wanted = wanted.min(self.options.max_lanes);
        // Acquire: a lane that is seen here empties the queue, or looks at it once
        // more when it is counted out, or has its pool break down, which does.
        if self.live.load(Ordering::Acquire) >= wanted {
            return;
        }
        let mut lanes = self.lanes.lock();
        let broken = self.start_lanes(&mut lanes, wanted);
        drop(lanes);
        if let Some(cause) = broken {
            self.break_down(&cause);
        }
    }

    /// Starts lanes, unless there is nothing to do for them and never will be. Says why if the pool is broken now.
    fn start_lanes(self: &Arc<Self>, lanes: &mut Lanes, wanted: usize) -> Option<Arc<PoolError>> {
        while lanes.live < wanted && lanes.broken.is_none() && !self.queue.is_over() {
            match self.start_lane(lanes.started) {
                Ok(thread) => {
                    lanes.live += 1;
                    self.live.store(lanes.live, Ordering::Release);
                    lanes.started += 1;
                    lanes.threads.retain(|thread| !has_ended(thread));
                    lanes.threads.push(thread);
                }
                // Those that are there do the work.
                Err(_) if lanes.live > 0 => return None,
                Err(error) => {
                    let cause = Arc::new(PoolError::SpawnThread(error));
                    lanes.broken = Some(Arc::clone(&cause));
                    return Some(cause);
                }
            }
        }
        None
    }

    fn start_lane(self: &Arc<Self>, number: usize) -> std::io::Result<JoinHandle<()>> {
        let mut thread = Builder::new().name(format!("{}_{number}", self.options.name_prefix));
        if let Some(stack_size_bytes) = self.options.stack_size_bytes {
            thread = thread.stack_size(stack_size_bytes);
        }
        let pool = Arc::clone(self);
        thread.spawn(move || pool.run_lane())
    }

    fn run_lane(self: &Arc<Self>) {
        self.home.enter();
        let mut was_ready = false;
        // A lane that ends by panic has to be counted out like any other, or a
        // shutdown would wait for it for ever.
        let ended = catch_unwind(AssertUnwindSafe(|| self.run_jobs(&mut was_ready)))
            .unwrap_or(Err(Ended::Failed(Unready::Lane(Arc::new(PoolError::LanePanicked)))));
        self.lane_ended(ended.err(), was_ready);
    }

    /// Runs jobs until there are no more, or until there is no way to run them.
    fn run_jobs(self: &Arc<Self>, was_ready: &mut bool) -> Result<(), Ended> {
        // It may own a worker, which is gone when this returns.
        let mut lane = (self.make_lane)();
        while !self.queue.is_over() {
            lane.ready(self).map_err(Ended::Failed)?;
            if !*was_ready {
                *was_ready = true;
                self.lanes.lock().ready += 1;
                self.changed.notify_all();
            }
            match lane.work(self).map_err(Ended::Failed)? {
                Worked::Done => {}
                Worked::Idle => return Err(Ended::Idle),
                Worked::Over => break,
            }
        }
        Ok(())
    }

    /// The first job of the queue, without waiting, if there is one that is wanted. It still counts for the pool's load.
    pub(crate) fn try_take_if(&self, wanted: impl FnOnce(&J) -> bool) -> Option<J> {
        self.queue.try_pop_if(wanted)
    }

    /// Whether a job is queued.
    pub(crate) fn has_queued(&self) -> bool {
        !self.queue.is_empty()
    }

    /// How many jobs are queued, as far as one can see without a lock: the caller's own are seen.
    pub(crate) fn queued(&self) -> usize {
        self.queue.len_now()
    }

    /// Puts a job back that was taken and has not started, before all others of its priority. Where none of those is to
    /// run any more, it ends as they did.
    pub(crate) fn put_back(&self, job: J) {
        let Err(job) = self.queue.put_back(job) else { return };
        let cause = self.lanes.lock().broken.clone();
        let seat = self.seat();
        job.refuse(cause.map_or(TaskError::Cancelled, |cause| TaskError::PoolBroken { cause }));
        drop(seat);
    }

    /// Whether the pool is closed and nothing is queued.
    pub(crate) fn is_over(&self) -> bool {
        self.queue.is_over()
    }

    /// A share of the load that a job has which was taken off the queue, or past it.
    pub(crate) fn seat(&self) -> Seat<'_> {
        Seat::new(&self.load)
    }

    /// What becomes of a job that a lane has taken and cannot run.
    pub(crate) fn return_job(&self, job: J, unready: &Unready) {
        match unready {
            Unready::Lane(_) | Unready::Pool(_) => self.put_back(job),
            // It was in nobody's hands when the queue was emptied.
            Unready::Stopped => {
                let seat = Seat::new(&self.load);
                job.refuse(TaskError::Cancelled);
                drop(seat);
            }
        }
    }

    fn lane_ended(self: &Arc<Self>, ended: Option<Ended>, was_ready: bool) {
        let mut lanes = self.lanes.lock();
        lanes.live -= 1;
        lanes.ready -= usize::from(was_ready);
        self.live.store(lanes.live, Ordering::Release);
        let is_last = lanes.live == 0;
        // Rule 3: a submitter may have counted on this lane, or a lane that failed have put a job back for it.
        let looks_again = (is_last || matches!(ended, Some(Ended::Idle))) && !self.queue.is_empty();
        let cause = match ended {
            Some(Ended::Failed(Unready::Pool(cause))) => Some(cause),
            Some(Ended::Failed(Unready::Lane(cause))) if is_last => Some(cause),
            _ => None,
        };
        // Where there is nothing left to run, nothing is broken.
        let cause = cause.filter(|_| lanes.broken.is_none() && !self.queue.is_over());
        let cause = match cause {
            Some(cause) => {
                lanes.broken = Some(Arc::clone(&cause));
                Some(cause)
            }
            // Under the lock: who waits for the end of the pool must not find a job there and no lane. Whoever broke the
            // pool empties the queue.
            None if looks_again && lanes.broken.is_none() => {
                let wanted = self.load.now().clamp(1, self.options.max_lanes);
                self.start_lanes(&mut lanes, wanted)
            }
            None => None,
        };
        drop(lanes);
        match cause {
            Some(cause) => self.break_down(&cause),
            None => self.changed.notify_all(),
        }
    }

    /// Rule 2: nobody is left to run anything.
    fn break_down(&self, cause: &Arc<PoolError>) {
        self.close();
        self.take_queued().refuse(|| TaskError::PoolBroken { cause: Arc::clone(cause) });
        self.changed.notify_all();
    }

    fn why_closed(&self) -> TaskError {
        match &self.lanes.lock().broken {
            Some(cause) => TaskError::PoolBroken { cause: Arc::clone(cause) },
            None => TaskError::PoolShutDown,
        }
    }

    /// Waits until every lane that was started could take a job.
    ///
    /// # Errors
    ///
    /// What a submitted job would end with.
    pub(crate) fn wait_ready(&self) -> Result<(), TaskError> {
        let mut lanes = self.lanes.lock();
        while lanes.ready < lanes.live && lanes.broken.is_none() && may_wait_for(self.home) {
            lanes = self.changed.wait(lanes, None);
        }
        let is_broken = lanes.broken.is_some();
        drop(lanes);
        if is_broken || self.queue.is_closed() { Err(self.why_closed()) } else { Ok(()) }
    }

    /// Takes no more jobs. What is queued will run.
    pub(crate) fn close(&self) {
        self.queue.close();
        if let Some(backlog) = &self.backlog {
            backlog.close();
        }
        (self.on_close)();
    }

    /// Takes all jobs that have not started, so that none will, before any of them is refused: that calls
    /// their callbacks, which may take their time or shut the pool down once more.
    pub(crate) fn take_queued(&self) -> Queued<'_, J> {
        Queued { jobs: self.queue.drain(), load: &self.load }
    }

    /// Waits until all lanes of a closed pool have ended; false if `deadline` came first.
    ///
    /// On a thread of the pool itself that would be for ever, and on the clock's thread all time limits would
    /// stand still, so there it returns at once.
    pub(crate) fn join(&self, deadline: Option<Instant>) -> bool {
        let mut lanes = self.lanes.lock();
        // A job without a lane has a submitter that is about to start one.
        while lanes.live > 0 || !self.queue.is_over() {
            if !may_wait_for(self.home) || deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return false;
            }
            lanes = self.changed.wait(lanes, deadline);
        }
        let threads = std::mem::take(&mut lanes.threads);
        drop(lanes);
        for thread in threads {
            // Its last act was to say that it ended; a panic was reported by the hook.
            let _ = thread.join();
        }
        true
    }
}

/// There is no room for one more job.
#[derive(Debug)]
pub(crate) struct Full;
