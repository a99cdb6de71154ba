//! Tasks in worker processes: this very program, started again.
//!
//! ```text
//!              ┌──────────── an idle one ─────────────┐
//!  submit ─▶ encode ─▶ queue ─▶ lane ═════▶ station ══ link ══▶ worker process ─▶ the function
//!                       │        │              ▲
//!                       │        │              └ who waits may read the answer
//!                       │        └ starts the worker, feeds it, reads what nobody waits for,
//!                       │          notices its death, replaces it: one owner for all of that
//!                       └ shared by all lanes; a worker's death touches one lane only
//! ```

mod builder;
mod crew;
mod lane;
#[cfg(all(test, shuttle))]
mod models;
mod station;
mod transport;

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Instant;

pub use crate::worker::{WorkerStderr, WorkerStdout};
pub use builder::ProcessPoolBuilder;
use crew::Crew;
use station::Station;
pub use transport::Transport;

use super::{Executor, ExecutorExt, Map, Shutdown, cpus};
use crate::error::{PoolError, PoolFull, TaskError};
use crate::future::TaskFuture;
use crate::pool::{Full, Owner};
use crate::sys::process::Process;
use crate::task::{Permit, ProcessJob, RemoteJob, Run, RunChunk, Sizing};

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
    /// Whether a worker is replaced after some tasks.
    counts_tasks: bool,
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
        ProcessPoolBuilder::new()
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
    /// - [`TaskError::Cancelled`] if it was cancelled before it started, or [killed](TaskFuture::kill);
    /// - [`TaskError::PoolShutDown`] after a shutdown, or if the pool was aborted while it ran;
    /// - [`TaskError::PoolBroken`] if no worker can be started, or the initializer failed.
    ///
    /// # Cancellation
    ///
    /// A call that has not started can be cancelled: [`TaskFuture::cancel`]. One that runs is ended by
    /// [`TaskFuture::kill`], by its time limit, or by [`Shutdown::Abort`]. Dropping the future ends neither.
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
            self.start_job(job);
        }
    }

    /// Gives a job to an idle worker, or to the queue.
    fn start_job(&self, job: RemoteJob) {
        let Self { pool, crew, .. } = self;
        // What waits there came first.
        pool.submit_past(job, |job| if pool.queued() > 0 { Err(job) } else { crew.give(job) });
        // A worker may have become idle meanwhile.
        if pool.queued() > 0 {
            crew.call_for_one();
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
        // A worker is replaced between two jobs only: nobody but the user may make one of more calls than it may run.
        let counts_tasks = self.counts_tasks && chunk.sizing() == Sizing::Automatic;
        if counts_tasks || chunk.common_options().is_none() {
            chunk.each(|run| self.start(run));
        } else if let Some(job) = chunk.encode(self.pool.admit()) {
            self.start_job(job);
        }
    }

    fn shutdown(&self, how: Shutdown) {
        let Self { pool, crew, .. } = self;
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
        crew.each_station(Station::cancel_waiting);
        if let Shutdown::Abort { grace } = how {
            // Where it cannot be waited for the end, there is no grace either.
            pool.join(Instant::now().checked_add(grace));
            crew.each(Process::kill);
        }
        pool.join(None);
    }

    fn __wait_for_room(&self, deadline: Option<Instant>) -> bool {
        self.pool.wait_for_room(deadline)
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
