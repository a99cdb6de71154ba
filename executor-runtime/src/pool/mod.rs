//! A queue and the lanes that empty it.
//!
//! ```text
//!  submit ──▶ queue ──▶ lane 0 ──▶ job
//!                └────▶ lane 1 ──▶ job
//! ```
//!
//! A lane is a thread that runs jobs one after another; what running means is
//! the lane's own business ([`Lane`]). Knows nothing of tasks or processes.
//!
//! 1. A lane is started when there are more jobs, queued or running, than lanes.
//! 2. Before it takes a job, a lane makes itself ready. One that cannot takes
//!    none and ends, so that no job is lost with it. When no lane is left, the
//!    pool is broken, and says why to all that is queued and all that comes.
//! 3. A closed pool takes no more jobs; its lanes end when the queue is empty.

mod queue;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Instant;

use queue::Queue;

use crate::error::{PoolError, TaskError};
use crate::sync::{AtomicUsize, Condvar, Mutex, Ordering};
use crate::task::{Home, Seat, may_wait_for};

/// What runs the jobs of one lane.
pub(crate) trait Lane<J> {
    /// Gets ready for the next job; an error ends the lane.
    fn ready(&mut self) -> Result<(), Arc<PoolError>>;

    /// Runs one job. Gives `seat` back before anybody learns of the job's end.
    fn run(&mut self, job: J, seat: Seat<'_>);
}

/// A job that can be ended before it starts.
pub(crate) trait Refuse {
    fn refuse(&self, error: TaskError);
}

/// How the threads of a pool are made.
pub(crate) struct LaneOptions {
    pub(crate) max_lanes: usize,
    /// A lane's thread is called after this and its number.
    pub(crate) name_prefix: String,
    /// `None`: std's default.
    pub(crate) stack_size_bytes: Option<usize>,
}

/// See the module.
pub(crate) struct Pool<J> {
    home: Home,
    queue: Queue<J>,
    /// Jobs that are queued or running: see rule 1.
    load: AtomicUsize,
    /// [`Lanes::live`], for a look without the lock.
    live: AtomicUsize,
    options: LaneOptions,
    lanes: Mutex<Lanes>,
    /// A lane has ended.
    ended: Condvar,
    make_lane: Box<dyn Fn() -> Box<dyn Lane<J>> + Send + Sync>,
}

/// Jobs that were taken out of the queue. Dropping them refuses them, too.
pub(crate) struct Queued<'a, J> {
    jobs: Vec<J>,
    load: &'a AtomicUsize,
}

impl<J: Refuse> Queued<'_, J> {
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
    /// How many there have ever been; numbers their threads.
    started: usize,
    threads: Vec<JoinHandle<()>>,
    /// Why there is no lane and will be none: see rule 2.
    broken: Option<Arc<PoolError>>,
}

impl<J: Refuse + Send + 'static> Pool<J> {
    /// A pool without any lane yet. Each of its lanes is made by `make_lane`, in its own thread.
    pub(crate) fn new(
        options: LaneOptions,
        make_lane: impl Fn() -> Box<dyn Lane<J>> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            home: Home::new(),
            queue: Queue::new(),
            load: AtomicUsize::new(0),
            live: AtomicUsize::new(0),
            options,
            lanes: Mutex::default(),
            ended: Condvar::default(),
            make_lane: Box::new(make_lane),
        })
    }

    pub(crate) fn home(&self) -> Home {
        self.home
    }

    pub(crate) fn max_lanes(&self) -> usize {
        self.options.max_lanes
    }

    /// Queues a job; one that comes too late is refused with the reason.
    pub(crate) fn submit(self: &Arc<Self>, job: J) {
        // AcqRel: pairs with the release of a seat, so that a submitter that has
        // seen a job's result sees its lane as free, too.
        let load = self.load.fetch_add(1, Ordering::AcqRel) + 1;
        match self.queue.push(job) {
            Ok(()) => self.grow(load),
            Err(job) => {
                self.load.fetch_sub(1, Ordering::AcqRel);
                job.refuse(self.why_closed());
            }
        }
    }

    /// Starts lanes until there are `wanted`, but not more than allowed.
    pub(crate) fn grow(self: &Arc<Self>, wanted: usize) {
        let wanted = wanted.min(self.options.max_lanes);
        // Acquire: a lane that is seen here empties the queue, or has its pool
        // break down, which looks at the queue again.
        if self.live.load(Ordering::Acquire) >= wanted {
            return;
        }
        let mut lanes = self.lanes.lock();
        while lanes.live < wanted && lanes.broken.is_none() {
            match self.start_lane(lanes.started) {
                Ok(thread) => {
                    lanes.live += 1;
                    self.live.store(lanes.live, Ordering::Release);
                    lanes.started += 1;
                    lanes.threads.retain(|thread| !thread.is_finished());
                    lanes.threads.push(thread);
                }
                // Those that are there do the work.
                Err(_) if lanes.live > 0 => return,
                Err(error) => {
                    let cause = Arc::new(PoolError::SpawnThread(error));
                    lanes.broken = Some(Arc::clone(&cause));
                    drop(lanes);
                    self.break_down(&cause);
                    return;
                }
            }
        }
    }

    fn start_lane(self: &Arc<Self>, number: usize) -> std::io::Result<JoinHandle<()>> {
        let mut thread = Builder::new().name(format!("{}_{number}", self.options.name_prefix));
        if let Some(stack_size_bytes) = self.options.stack_size_bytes {
            thread = thread.stack_size(stack_size_bytes);
        }
        let pool = Arc::clone(self);
        thread.spawn(move || pool.run_lane())
    }

    fn run_lane(&self) {
        self.home.enter();
        // A lane that ends by panic has to be counted out like any other, or a
        // shutdown would wait for it for ever.
        let failure = catch_unwind(AssertUnwindSafe(|| self.run_jobs()))
            .unwrap_or_else(|_| Err(Arc::new(PoolError::LanePanicked)));
        self.lane_ended(failure.err());
    }

    /// Runs jobs until there are no more, or until there is no way to run them.
    fn run_jobs(&self) -> Result<(), Arc<PoolError>> {
        // It may own a worker, which is gone when this returns.
        let mut lane = (self.make_lane)();
        while !self.queue.is_over() {
            lane.ready()?;
            let Some(job) = self.queue.pop() else { break };
            // Jobs catch their own panics; what is left are panics of destructors,
            // which the hook has reported and which must not cost a lane.
            let _ = catch_unwind(AssertUnwindSafe(|| lane.run(job, Seat::new(&self.load))));
        }
        Ok(())
    }

    fn lane_ended(&self, failure: Option<Arc<PoolError>>) {
        let mut lanes = self.lanes.lock();
        lanes.live -= 1;
        self.live.store(lanes.live, Ordering::Release);
        let broken = failure.filter(|_| lanes.live == 0);
        lanes.broken = lanes.broken.take().or(broken.clone());
        drop(lanes);
        if let Some(cause) = broken {
            self.break_down(&cause);
        }
        self.ended.notify_all();
    }

    /// Rule 2: nobody is left to run anything.
    fn break_down(&self, cause: &Arc<PoolError>) {
        self.queue.close();
        self.take_queued().refuse(|| TaskError::PoolBroken { cause: Arc::clone(cause) });
    }

    fn why_closed(&self) -> TaskError {
        match &self.lanes.lock().broken {
            Some(cause) => TaskError::PoolBroken { cause: Arc::clone(cause) },
            None => TaskError::PoolShutDown,
        }
    }

    /// Takes no more jobs. What is queued will run.
    pub(crate) fn close(&self) {
        self.queue.close();
    }

    /// Takes all jobs that have not started, so that none will, before any of them is refused: that calls
    /// their callbacks, which may take their time or shut the pool down once more.
    pub(crate) fn take_queued(&self) -> Queued<'_, J> {
        Queued { jobs: self.queue.drain().collect(), load: &self.load }
    }

    /// Waits until all lanes of a closed pool have ended; false if `deadline` came first.
    ///
    /// On a thread of the pool itself that would be for ever, and on the clock's thread all time limits would
    /// stand still, so there it returns at once.
    pub(crate) fn join(&self, deadline: Option<Instant>) -> bool {
        let mut lanes = self.lanes.lock();
        while lanes.live > 0 {
            if !may_wait_for(self.home) || deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return false;
            }
            lanes = self.ended.wait(lanes, deadline);
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
