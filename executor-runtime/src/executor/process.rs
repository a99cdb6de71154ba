//! Tasks in worker processes: this very program, started again.
//!
//! ```text
//!  submit ─▶ encode ─▶ queue ─▶ lane ══ link ══▶ worker process ─▶ the function
//!                       │        │
//!                       │        └ starts it, feeds it, reads its answers, notices
//!                       │          its death, replaces it: one owner for all of that
//!                       └ shared by all lanes; a worker's death touches one lane only
//! ```

use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::{Executor, ExecutorExt, Map, Shutdown, cpus};
use crate::error::{PoolError, PoolFull, TaskError, WorkerExit};
use crate::future::TaskFuture;
use crate::pool::{Full, Lane, Owner, Pool, PoolOptions, Pooled, Unready};
use crate::sync::Mutex;
use crate::sys::process::Process;
use crate::sys::start;
use crate::task::registry::Registry;
use crate::task::{
    Attempt, Call, Initialized, Initializer, Permit, ProcessJob, ProcessTask, RemoteJob, Run, RunChunk, Seat,
};
use crate::worker;
use crate::worker::host::{Starting, Worker, WorkerOptions};

/// A pool of worker processes, for work that computes or may crash (Python: `ProcessPoolExecutor`).
///
/// It takes calls of `#[pool_task(process)]` functions. Worker processes are started one by one as they are
/// needed, up to `max_workers`, and reused. When one dies, its task ends with
/// [`TaskError::WorkerDied`], the worker is replaced, and all other tasks go on. (Python's pool is broken then.)
///
/// A clone is one more handle of the same pool; when the last one is dropped, the pool runs what was
/// submitted and ends. Workers never outlive the program, however that ends.
///
/// # Cancellation
///
/// Dropping the last handle cancels nothing and waits for the end of all that was submitted; not in a callback of
/// one of the pool's tasks, and not after [`shutdown_background`](Self::shutdown_background).
/// [`shutdown`](Self::shutdown) can do otherwise.
///
/// # Examples
///
/// ```
/// use executor_runtime::prelude::*;
///
/// #[pool_task(process)]
/// fn crash(n: u32) -> u32 {
///     if n == 1 { std::process::abort() } else { n }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = ProcessPoolExecutor::new(2)?;
/// let results: Vec<_> = pool.map(crash::task, 0..3).collect();
/// assert_eq!(results[0].as_ref().ok(), Some(&0));
/// assert!(results[1].as_ref().unwrap_err().to_string().contains("SIGABRT"));
/// assert_eq!(results[2].as_ref().ok(), Some(&2));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ProcessPoolExecutor {
    pool: Arc<Owner<RemoteJob>>,
    crew: Arc<Crew>,
}

impl ProcessPoolExecutor {
    /// A pool of at most `max_workers` worker processes (Python: `ProcessPoolExecutor(max_workers)`).
    ///
    /// # Errors
    ///
    /// As [`ProcessPoolBuilder::build`].
    pub fn new(max_workers: usize) -> Result<Self, PoolError> {
        Self::builder().max_workers(max_workers).build()
    }

    /// A pool with options (Python: the other arguments of `ProcessPoolExecutor()`).
    pub fn builder() -> ProcessPoolBuilder {
        ProcessPoolBuilder {
            max_workers: cpus(),
            max_pending: None,
            initializer: None,
            max_tasks_per_child: None,
            timeout: None,
            prewarm: 0,
            stack_size_bytes: 8 << 20,
            start_timeout: Duration::from_secs(10),
        }
    }

    /// Submits one call (Python: `Executor.submit()`): as [`ExecutorExt::submit`], without the trait.
    ///
    /// Where the pool has a limit for waiting calls ([`max_pending`](ProcessPoolBuilder::max_pending)), it waits
    /// for room, but never in a callback of one of the pool's tasks.
    ///
    /// # Errors
    ///
    /// The future's:
    /// - [`TaskError::Panicked`] if the task panicked, or what turns its arguments or its value into bytes did;
    /// - [`TaskError::WorkerDied`] if its worker process died, by whatever the task did or from outside;
    /// - [`TaskError::TimedOut`] if it ran longer than its call or the pool lets it;
    /// - [`TaskError::Encode`] and [`TaskError::Decode`] if arguments or value do not survive the way;
    /// - [`TaskError::Cancelled`] if it was cancelled before it started;
    /// - [`TaskError::PoolShutDown`] after a shutdown, or if the pool was aborted while it ran;
    /// - [`TaskError::PoolBroken`] if no worker can be started, or the initializer failed.
    ///
    /// # Cancellation
    ///
    /// A call that has not started can be cancelled: [`TaskFuture::cancel`]. One that runs is ended by its time limit
    /// or by [`Shutdown::Abort`]. Dropping the future ends neither.
    #[track_caller]
    pub fn submit<J: ProcessJob>(&self, job: J) -> TaskFuture<J::Output> {
        ExecutorExt::submit(self, job)
    }

    /// Submits one call if there is room for one more that waits (Python has none).
    ///
    /// # Errors
    ///
    /// [`PoolFull`] with the call, if [`max_pending`](ProcessPoolBuilder::max_pending) calls wait already, also in
    /// callbacks. A pool that was shut down or is broken is never full: there the future tells.
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::PoolFull;
    /// use executor_runtime::prelude::*;
    ///
    /// #[pool_task(process)]
    /// fn square(n: u64) -> u64 {
    ///     n * n
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = ProcessPoolExecutor::builder().max_workers(1).max_pending(10).build()?;
    /// let future = pool.try_submit(square::task(3)).unwrap_or_else(|PoolFull(call)| {
    ///     eprintln!("the pool is busy");
    ///     pool.submit(call)
    /// });
    /// assert_eq!(future.result()?, 9);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn try_submit<J: ProcessJob>(&self, job: J) -> Result<TaskFuture<J::Output>, PoolFull<J>> {
        match self.pool.try_admit() {
            Ok(permit) => Ok(job.submit_to(Location::caller(), |run| self.start_with(run, permit))),
            Err(Full) => Err(PoolFull(job)),
        }
    }

    fn start_with(&self, run: Run<'_>, permit: Option<Permit>) {
        if let Some(job) = run.encode_for(permit) {
            self.pool.submit(job);
        }
    }

    /// Submits one call for each item (Python: `Executor.map()`): as [`ExecutorExt::map`], without the trait.
    #[track_caller]
    pub fn map<'p, I, F, J>(&'p self, make: F, items: I) -> Map<'p, I::IntoIter, J::Output>
    where
        I: IntoIterator,
        F: FnMut(I::Item) -> J + 'p,
        J: ProcessJob,
    {
        ExecutorExt::map(self, make, items)
    }

    /// Takes no more calls, deals with those it has as `how` says, and waits until that is done
    /// (Python: `Executor.shutdown()`, `terminate_workers()`, `kill_workers()`).
    ///
    /// In a callback of one of its tasks it does not wait. Shutting down twice is no error.
    ///
    /// # Cancellation
    ///
    /// See [`Shutdown`]. The callbacks of what is cancelled run here. What a running task has started itself is ended
    /// by an abort as well.
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::prelude::*;
    ///
    /// #[pool_task(process)]
    /// fn compute_for_ever() {
    ///     loop {
    ///         std::hint::spin_loop();
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = ProcessPoolExecutor::new(1)?;
    /// let future = pool.submit(compute_for_ever::task());
    /// pool.shutdown(Shutdown::Abort { grace: Duration::ZERO });
    /// // Which one depends on whether it had started.
    /// assert!(matches!(future.result(), Err(TaskError::PoolShutDown | TaskError::Cancelled)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown(&self, how: Shutdown) {
        Executor::shutdown(self, how);
    }

    /// Takes no more calls and returns at once; what was submitted runs (Python: `shutdown(wait=False)`).
    ///
    /// Nor does dropping the last handle wait then. The end of `main` does not wait either: the program ends, and
    /// its workers with it. (Python waits at the end of the program.)
    pub fn shutdown_background(&self) {
        self.pool.shutdown_background();
    }

    /// Waits until the workers that were started, by [`prewarm`](ProcessPoolBuilder::prewarm) or by a first call,
    /// can take calls: they run, and their initializer has succeeded. Workers that start later are not waited for.
    /// (Python has none.)
    ///
    /// In a callback of one of the pool's tasks it does not wait.
    ///
    /// # Errors
    ///
    /// [`TaskError::PoolBroken`] with the cause if they cannot; [`TaskError::PoolShutDown`] after a shutdown.
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::prelude::*;
    ///
    /// let pool = ProcessPoolExecutor::builder().max_workers(2).prewarm(2).build()?;
    /// pool.wait_ready()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_ready(&self) -> Result<(), TaskError> {
        self.pool.wait_ready()
    }
}

impl Executor for ProcessPoolExecutor {
    fn start(&self, run: Run<'_>) {
        self.start_with(run, self.pool.admit());
    }

    fn start_chunk(&self, chunk: RunChunk<'_>) {
        let mut options = chunk.options();
        let first = options.next();
        if options.any(|other| Some(other) != first) {
            drop(options);
            chunk.each(|run| self.start(run));
        } else {
            drop(options);
            if let Some(job) = chunk.encode(self.pool.admit()) {
                self.pool.submit(job);
            }
        }
    }

    fn shutdown(&self, how: Shutdown) {
        let Self { pool, crew } = self;
        pool.close();
        if how == Shutdown::Drain {
            pool.join(None);
            return;
        }
        let queued = pool.take_queued();
        if let Shutdown::Abort { grace } = how {
            crew.stop();
            crew.each(if grace.is_zero() { Process::kill } else { Process::terminate });
        }
        // Nobody waits through the grace of others for what will never run.
        queued.refuse(|| TaskError::Cancelled);
        if let Shutdown::Abort { grace } = how {
            // Where it cannot be waited for the end, there is no grace either.
            pool.join(Instant::now().checked_add(grace));
            crew.each(Process::kill);
        }
        pool.join(None);
    }

    fn max_workers(&self) -> usize {
        self.pool.max_lanes()
    }
}

impl fmt::Debug for ProcessPoolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessPoolExecutor").field("max_workers", &self.max_workers()).finish_non_exhaustive()
    }
}

/// The options of a [`ProcessPoolExecutor`] (Python: the arguments of `ProcessPoolExecutor()`).
///
/// Nothing is checked before [`build`](Self::build).
///
/// # Examples
///
/// ```
/// use executor_runtime::prelude::*;
///
/// let pool = ProcessPoolExecutor::builder()
///     .max_workers(4)
///     .max_pending(1000)
///     .max_tasks_per_child(100)
///     .timeout(Duration::from_secs(60))
///     .prewarm(1)
///     .build()?;
/// pool.wait_ready()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct ProcessPoolBuilder {
    max_workers: usize,
    max_pending: Option<usize>,
    /// Or why its arguments cannot be sent.
    initializer: Option<Result<Initializer, TaskError>>,
    max_tasks_per_child: Option<usize>,
    timeout: Option<Duration>,
    prewarm: usize,
    stack_size_bytes: usize,
    start_timeout: Duration,
}

impl ProcessPoolBuilder {
    /// How many worker processes there may be (Python: `max_workers`); by default as many as this process may use
    /// processors.
    pub fn max_workers(mut self, processes: usize) -> Self {
        self.max_workers = processes;
        self
    }

    /// How many calls may wait for a worker (Python has no limit); by default any number.
    ///
    /// When so many wait, `submit` waits for one of them to start or to be cancelled, and
    /// [`try_submit`](ProcessPoolExecutor::try_submit) says so. Callbacks of the pool's tasks never wait: for them
    /// there is no limit. The calls of one [chunk](Map::chunk_size) of a `map` count as one.
    pub fn max_pending(mut self, calls: usize) -> Self {
        self.max_pending = Some(calls);
        self
    }

    /// A call that each worker makes once, before its first task (Python: `initializer` and `initargs`).
    ///
    /// The task returns nothing or a `Result`. If it fails, panics or takes its worker with it, the pool is broken:
    /// what waits, and what is submitted later, ends with [`TaskError::PoolBroken`], which keeps the cause. What
    /// runs in other workers runs to its end. The call may have a [`timeout`](Call::timeout); the pool's own does not
    /// apply to it.
    ///
    /// # Errors
    ///
    /// Arguments that cannot be encoded are told by [`build`](Self::build).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::OnceLock;
    ///
    /// use executor_runtime::prelude::*;
    ///
    /// static GREETING: OnceLock<String> = OnceLock::new();
    ///
    /// #[pool_task(process)]
    /// fn set_up(greeting: String) -> Result<(), String> {
    ///     GREETING.set(greeting)
    /// }
    ///
    /// #[pool_task(process)]
    /// fn greet(name: &str) -> String {
    ///     format!("{} {name}", GREETING.get().map_or("", String::as_str))
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = ProcessPoolExecutor::builder().initializer(set_up::task("Hello".into())).build()?;
    /// assert_eq!(pool.submit(greet::task("Ada")).result()?, "Hello Ada");
    /// # Ok(())
    /// # }
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "calls are given away, here as to `submit`")]
    #[track_caller]
    pub fn initializer<T>(mut self, call: Call<'_, T>) -> Self
    where
        T: ProcessTask<Output: Initialized>,
    {
        self.initializer = Some(Initializer::new(&call));
        self
    }

    /// After how many tasks a worker is replaced by a new one (Python: `max_tasks_per_child`); by default never.
    ///
    /// The calls of a [chunk](Map::chunk_size) count one by one, but a chunk that was begun is finished.
    pub fn max_tasks_per_child(mut self, tasks: usize) -> Self {
        self.max_tasks_per_child = Some(tasks);
        self
    }

    /// How long each task may run, from its start, if its call does not say otherwise; by default for ever. (Python
    /// has none.)
    ///
    /// The worker of a task that runs longer is killed and replaced, and the future ends with
    /// [`TaskError::TimedOut`].
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// How many workers are started at once by [`build`](Self::build), which does not wait for them
    /// ([`wait_ready`](ProcessPoolExecutor::wait_ready) does); by default none. There are never more than
    /// `max_workers`. (Python has none.)
    pub fn prewarm(mut self, processes: usize) -> Self {
        self.prewarm = processes;
        self
    }

    /// The stack on which tasks run, in bytes (Python: `threading.stack_size()`); by default 8 MiB, as `main` usually
    /// has. A task that overflows it takes its worker with it: [`TaskError::WorkerDied`].
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size_bytes = bytes;
        self
    }

    /// How long a worker process may take from its start until its initializer can run; by default 10 seconds.
    /// (Python waits for ever.)
    ///
    /// A pool of which no worker is ready in time is broken: [`PoolError::WorkerTooSlow`].
    pub fn start_timeout(mut self, limit: Duration) -> Self {
        self.start_timeout = limit;
        self
    }

    /// Builds the pool; its worker processes start when they are needed (Python: `ProcessPoolExecutor(..)`).
    ///
    /// # Errors
    ///
    /// - [`PoolError::ZeroWorkers`], [`PoolError::ZeroPending`], [`PoolError::ZeroTasksPerChild`];
    /// - [`PoolError::InitializerFailed`] if the arguments of the initializer cannot be encoded;
    /// - [`PoolError::DuplicateTask`] if two tasks of the program have one name;
    /// - [`PoolError::TooDeep`] if too many pools are nested through tasks that build pools;
    /// - [`PoolError::NotInitialized`] in a worker that went on into `main`.
    ///
    /// What goes wrong with the workers themselves breaks the pool later, and is told by its futures:
    /// [`TaskError::PoolBroken`].
    pub fn build(self) -> Result<ProcessPoolExecutor, PoolError> {
        if self.max_workers == 0 {
            return Err(PoolError::ZeroWorkers);
        }
        if self.max_pending == Some(0) {
            return Err(PoolError::ZeroPending);
        }
        if self.max_tasks_per_child == Some(0) {
            return Err(PoolError::ZeroTasksPerChild);
        }
        if start::is_unclaimed_worker() {
            return Err(PoolError::NotInitialized);
        }
        Registry::of_program()?;
        let initializer = self.initializer.transpose();
        let lane = LaneOptions {
            worker: WorkerOptions {
                depth: worker::depth_of_children()?,
                stack_size_bytes: self.stack_size_bytes,
                start_limit: self.start_timeout,
            },
            initializer: initializer.map_err(|error| PoolError::InitializerFailed { cause: error.into() })?,
            max_tasks: self.max_tasks_per_child,
            timeout: self.timeout,
        };
        let options = PoolOptions {
            max_lanes: self.max_workers,
            name_prefix: "ProcessPoolExecutor".to_owned(),
            // A lane reads values that its worker wrote, and user code that recurses there recurses here.
            stack_size_bytes: Some(self.stack_size_bytes.saturating_mul(2)),
            idle_timeout: None,
            max_pending: self.max_pending,
        };
        let crew = Arc::new(Crew::default());
        let lanes_crew = Arc::clone(&crew);
        let pool = Pool::new(options, move || {
            let crew = Arc::clone(&lanes_crew);
            Box::new(ProcessLane { options: lane.clone(), crew, worker: None, tasks_done: 0 })
        });
        pool.grow(self.prewarm);
        Ok(ProcessPoolExecutor { pool: Owner::new(pool), crew })
    }
}

/// The pool's worker processes, for those who end them from outside of their lanes.
#[derive(Default)]
struct Crew {
    inner: Mutex<CrewInner>,
}

#[derive(Default)]
struct CrewInner {
    processes: Vec<Weak<Process>>,
    /// The pool was aborted: a death is no accident, and nobody is replaced.
    stopped: bool,
}

impl Crew {
    /// Adds a worker; one that comes after the stop is killed at once.
    fn add(&self, process: &Arc<Process>) {
        let mut inner = self.inner.lock();
        inner.processes.retain(|process| process.strong_count() > 0);
        inner.processes.push(Arc::downgrade(process));
        if inner.stopped {
            process.kill();
        }
    }

    fn stop(&self) {
        self.inner.lock().stopped = true;
    }

    fn is_stopped(&self) -> bool {
        self.inner.lock().stopped
    }

    fn each(&self, act: impl Fn(&Process)) {
        let processes: Vec<_> = self.inner.lock().processes.iter().filter_map(Weak::upgrade).collect();
        for process in processes {
            act(&process);
        }
    }
}

/// A lane that has a worker process run its jobs.
struct ProcessLane {
    options: LaneOptions,
    crew: Arc<Crew>,
    worker: Option<Worker>,
    /// By the worker that is there.
    tasks_done: usize,
}

/// What all lanes of a pool are told.
#[derive(Clone)]
struct LaneOptions {
    worker: WorkerOptions,
    initializer: Option<Initializer>,
    /// After so many tasks a worker is replaced.
    max_tasks: Option<usize>,
    /// For tasks whose call has no limit of its own.
    timeout: Option<Duration>,
}

impl ProcessLane {
    /// The lane's worker, alive as far as one can know.
    fn worker(&mut self) -> Result<&mut Worker, Unready> {
        if self.worker.as_ref().is_some_and(Worker::is_dead) {
            self.worker = None;
        }
        match &mut self.worker {
            Some(worker) => Ok(worker),
            none => {
                self.tasks_done = 0;
                let mut worker = start_worker(&self.options.worker, &self.crew).map_err(Unready::Lane)?;
                if let Some(initializer) = &self.options.initializer {
                    initialize(&mut worker, initializer).map_err(Unready::Pool)?;
                }
                Ok(none.insert(worker))
            }
        }
    }

    /// Lets go of a worker that has run as many tasks as it may. The next one starts when the lane gets ready.
    fn recycle(&mut self) {
        if self.options.max_tasks.is_some_and(|max| self.tasks_done >= max)
            && let Some(worker) = self.worker.take()
        {
            worker.close();
        }
    }

    /// What a call ends with that could not be given to a worker, or did not come back from it.
    fn why_lost(&self, error: TaskError) -> TaskError {
        if self.crew.is_stopped() { TaskError::PoolShutDown } else { error }
    }
}

/// Starts a worker, again if one is killed on its way: a pool need not break for that.
fn start_worker(options: &WorkerOptions, crew: &Crew) -> Result<Worker, PoolError> {
    /// Enough for any accident, and too few to hide a program that cannot start.
    const ATTEMPTS: u32 = 5;

    let mut attempt = 1;
    loop {
        let starting = Starting::new(options)?;
        crew.add(starting.process());
        match starting.ready(options) {
            Err(PoolError::WorkerNeverReady { exit: WorkerExit::Signal(_) } | PoolError::Link(_))
                if attempt < ATTEMPTS && !crew.is_stopped() =>
            {
                attempt += 1;
            }
            worker_or_error => return worker_or_error,
        }
    }
}

/// Has a new worker do what comes before its first task.
fn initialize(worker: &mut Worker, initializer: &Initializer) -> Result<(), PoolError> {
    let Attempt { job, outcome } = initializer.attempt();
    let lost = job.start().and_then(|mut job| {
        let limit = job.limit();
        worker.run(&mut job, limit, &mut Seat::none()).err()
    });
    let outcome = lost.map_or_else(outcome, |error| Err(error.into()));
    outcome.map_err(|cause| PoolError::InitializerFailed { cause })
}

impl Lane<RemoteJob> for ProcessLane {
    fn ready(&mut self) -> Result<(), Unready> {
        self.worker().map(drop)
    }

    fn run(&mut self, job: RemoteJob, mut seat: Seat<'_>) {
        let Some(mut job) = job.start() else { return };
        let limit = job.limit().or(self.options.timeout);
        // A worker that dies costs the call it ran; what is left of a chunk goes to the next one.
        while job.calls_left() > 0 {
            let calls = job.calls_left();
            // It may have died while the lane waited for a job.
            let lost = match self.worker() {
                Ok(worker) => worker.run(&mut job, limit, &mut seat),
                Err(Unready::Lane(cause) | Unready::Pool(cause)) => {
                    let error = self.why_lost(TaskError::PoolBroken { cause: Arc::new(cause) });
                    return job.fail(&error, &mut seat);
                }
            };
            self.tasks_done += calls - job.calls_left();
            if let Err(error) = lost {
                self.worker = None;
                let error = self.why_lost(error);
                if self.crew.is_stopped() {
                    return job.fail(&error, &mut seat);
                }
                job.answer(Err(error), &mut seat);
            }
        }
        self.recycle();
    }
}

impl Drop for ProcessLane {
    fn drop(&mut self) {
        if let Some(worker) = self.worker.take() {
            worker.close();
        }
    }
}

impl Pooled for RemoteJob {
    fn priority(&self) -> i32 {
        RemoteJob::priority(self)
    }
    fn is_over(&self) -> bool {
        RemoteJob::is_over(self)
    }
    fn refuse(&self, error: TaskError) {
        RemoteJob::refuse(self, error);
    }
}
