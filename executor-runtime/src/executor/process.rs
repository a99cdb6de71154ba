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
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::{Executor, ExecutorExt, Map, Shutdown, cpus};
use crate::error::{PoolError, TaskError, WorkerExit};
use crate::future::TaskFuture;
use crate::pool::{Lane, LaneOptions, Pool, Refuse};
use crate::sync::Mutex;
use crate::sys::process::Process;
use crate::sys::start;
use crate::task::registry::Registry;
use crate::task::{ProcessJob, RemoteJob, Run, Seat};
use crate::worker;
use crate::worker::host::{Ended, Starting, Worker, WorkerOptions};

/// A pool of worker processes, for work that computes or may crash (Python: `ProcessPoolExecutor`).
///
/// It takes calls of `#[pool_task(process)]` functions. Worker processes are started one by one as they are
/// needed, up to `max_workers`, and reused. When one dies, its task ends with
/// [`TaskError::WorkerDied`], the worker is replaced, and all other tasks go on.
///
/// A clone is one more handle of the same pool; when the last one is dropped, the pool runs what was
/// submitted and ends. Workers never outlive the program, however that ends.
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
    owner: Arc<Owner>,
}

/// What all handles share: its drop is the drop of the last one.
struct Owner {
    pool: Arc<Pool<RemoteJob>>,
    crew: Arc<Crew>,
}

impl ProcessPoolExecutor {
    /// A pool of at most `max_workers` worker processes.
    ///
    /// # Errors
    ///
    /// As [`ProcessPoolBuilder::build`].
    pub fn new(max_workers: usize) -> Result<Self, PoolError> {
        Self::builder().max_workers(max_workers).build()
    }

    /// A pool with options.
    pub fn builder() -> ProcessPoolBuilder {
        ProcessPoolBuilder {
            max_workers: cpus(),
            timeout: None,
            prewarm: 0,
            stack_size_bytes: 8 << 20,
            start_timeout: Duration::from_secs(10),
        }
    }

    /// Submits one call (Python: `Executor.submit()`): as [`ExecutorExt::submit`], without the trait.
    pub fn submit<J: ProcessJob>(&self, job: J) -> TaskFuture<J::Output> {
        ExecutorExt::submit(self, job)
    }

    /// Submits one call for each item (Python: `Executor.map()`): as [`ExecutorExt::map`], without the trait.
    pub fn map<'p, I, F, J>(&'p self, make: F, items: I) -> Map<'p, I::IntoIter, J::Output>
    where
        I: IntoIterator,
        F: FnMut(I::Item) -> J + 'p,
        J: ProcessJob,
    {
        ExecutorExt::map(self, make, items)
    }

    /// Takes no more calls, deals with those it has as `how` says, and waits until that is done
    /// (Python: `Executor.shutdown()`, `kill_workers()`).
    ///
    /// In a callback of one of its tasks it does not wait. Shutting down twice is no error.
    pub fn shutdown(&self, how: Shutdown) {
        Executor::shutdown(self, how);
    }

    fn abort(&self, grace: Duration) {
        let Owner { pool, crew } = &*self.owner;
        crew.stop();
        if !grace.is_zero() {
            crew.each(Process::terminate);
            // Where it cannot be waited for the end, there is no grace either.
            pool.join(Instant::now().checked_add(grace));
        }
        crew.each(Process::kill);
    }
}

impl Executor for ProcessPoolExecutor {
    fn start(&self, run: Run<'_>) {
        if let Some(job) = run.encode() {
            self.owner.pool.submit(job);
        }
    }

    fn shutdown(&self, how: Shutdown) {
        let pool = &self.owner.pool;
        pool.close();
        if how != Shutdown::Drain {
            let queued = pool.take_queued();
            if let Shutdown::Abort { grace } = how {
                self.abort(grace);
            }
            queued.refuse(|| TaskError::Cancelled);
        }
        pool.join(None);
    }

    fn max_workers(&self) -> usize {
        self.owner.pool.max_lanes()
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.pool.close();
        self.pool.join(None);
    }
}

impl fmt::Debug for ProcessPoolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessPoolExecutor").field("max_workers", &self.max_workers()).finish_non_exhaustive()
    }
}

/// The options of a [`ProcessPoolExecutor`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct ProcessPoolBuilder {
    max_workers: usize,
    timeout: Option<Duration>,
    prewarm: usize,
    stack_size_bytes: usize,
    start_timeout: Duration,
}

impl ProcessPoolBuilder {
    /// How many worker processes there may be; by default as many as this process may use processors.
    pub fn max_workers(mut self, processes: usize) -> Self {
        self.max_workers = processes;
        self
    }

    /// How long each task may run, from its start, if its call does not say otherwise; by default for ever.
    ///
    /// The worker of a task that runs longer is killed and replaced.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// How many workers are started at once by [`build`](Self::build), which does not wait for them; by default none.
    pub fn prewarm(mut self, processes: usize) -> Self {
        self.prewarm = processes;
        self
    }

    /// The stack on which tasks run, in bytes; by default 8 MiB, as `main` usually has.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size_bytes = bytes;
        self
    }

    /// How long a worker process may take from its start until it can take tasks; by default 10 seconds.
    pub fn start_timeout(mut self, limit: Duration) -> Self {
        self.start_timeout = limit;
        self
    }

    /// Builds the pool; its worker processes start when they are needed.
    ///
    /// # Errors
    ///
    /// - [`PoolError::ZeroWorkers`];
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
        if start::is_unclaimed_worker() {
            return Err(PoolError::NotInitialized);
        }
        Registry::of_program()?;
        let options = WorkerOptions {
            depth: worker::depth_of_children()?,
            stack_size_bytes: self.stack_size_bytes,
            start_limit: self.start_timeout,
        };
        let lanes = LaneOptions {
            max_lanes: self.max_workers,
            name_prefix: "ProcessPoolExecutor".to_owned(),
            // A lane reads values that its worker wrote, and user code that recurses there recurses here.
            stack_size_bytes: Some(self.stack_size_bytes.saturating_mul(2)),
        };
        let crew = Arc::new(Crew::default());
        let (timeout, lanes_crew) = (self.timeout, Arc::clone(&crew));
        let pool = Pool::new(lanes, move || {
            let crew = Arc::clone(&lanes_crew);
            Box::new(ProcessLane { options: options.clone(), timeout, crew, worker: None })
        });
        pool.grow(self.prewarm);
        Ok(ProcessPoolExecutor { owner: Arc::new(Owner { pool, crew }) })
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
    options: WorkerOptions,
    timeout: Option<Duration>,
    crew: Arc<Crew>,
    worker: Option<Worker>,
}

impl ProcessLane {
    /// The lane's worker, alive as far as one can know.
    fn worker(&mut self) -> Result<&mut Worker, PoolError> {
        if self.worker.as_ref().is_some_and(Worker::is_dead) {
            self.worker = None;
        }
        match &mut self.worker {
            Some(worker) => Ok(worker),
            none => Ok(none.insert(start_worker(&self.options, &self.crew)?)),
        }
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

impl Lane<RemoteJob> for ProcessLane {
    fn ready(&mut self) -> Result<(), Arc<PoolError>> {
        self.worker().map(drop).map_err(Arc::new)
    }

    fn run(&mut self, job: RemoteJob, seat: Seat<'_>) {
        let Some(job) = job.start() else { return };
        let limit = job.limit().or(self.timeout);
        // It may have died while the lane waited for a job.
        let worker = match self.worker() {
            Ok(worker) => worker,
            Err(cause) => return job.finish_with(Err(TaskError::PoolBroken { cause: Arc::new(cause) }), seat),
        };
        match worker.call(&job, limit) {
            Ok(value) => job.finish_with(Ok(value), seat),
            Err(Ended::Failed(error)) => job.finish_with(Err(error), seat),
            Err(Ended::Lost(error)) => {
                self.worker = None;
                let error = if self.crew.is_stopped() { TaskError::PoolShutDown } else { error };
                job.finish_with(Err(error), seat);
            }
        }
    }
}

impl Drop for ProcessLane {
    fn drop(&mut self) {
        if let Some(worker) = self.worker.take() {
            worker.close();
        }
    }
}

impl Refuse for RemoteJob {
    fn refuse(&self, error: TaskError) {
        RemoteJob::refuse(self, error);
    }
}
