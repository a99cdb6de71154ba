//! Tasks on threads of this process.

mod builder;

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Instant;

use builder::ThreadInitializer;
pub use builder::ThreadPoolBuilder;

use super::portions::Portion;
use super::{Executor, Exit, Map, OnError, Shutdown, ThreadScope, cpus};
use crate::error::{PoolError, PoolFull, TaskError};
use crate::future::TaskFuture;
use crate::pool::{Full, Lane, Owner, Pool, Pooled, Unready};
use crate::sys::scoped;
use crate::task::{
    BoxError, CallOptions, Flight, Local, LocalJob, Permit, Places, Run, RunChunk, Seat, ThreadJob, failed,
    one_after_another, panics,
};

/// A pool of threads, for work that waits (Python: `ThreadPoolExecutor`).
///
/// Threads are started one by one as they are needed, up to `max_workers`, and reused. A clone is one more
/// handle of the same pool; when the last one is dropped, the pool runs what was submitted and ends.
///
/// # Cancellation
///
/// Dropping the last handle cancels nothing and waits for the end of all that was submitted; not on the pool's own
/// threads, and not after [`shutdown_background`](Self::shutdown_background). What runs on a thread cannot be ended
/// from outside.
///
/// # Examples
///
/// ```
/// use executor_runtime::prelude::*;
///
/// let pool = ThreadPoolExecutor::builder().max_workers(3).thread_name_prefix("io").build()?;
/// let squares: Vec<u64> = pool.map(|n| move || n * n, [1, 2, 3, 4]).collect::<Result<_, _>>()?;
/// assert_eq!(squares, [1, 4, 9, 16]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ThreadPoolExecutor {
    pool: Arc<Owner<LocalJob>>,
}

impl ThreadPoolExecutor {
    /// A pool of at most `max_workers` threads (Python: `ThreadPoolExecutor(max_workers)`).
    ///
    /// # Errors
    ///
    /// [`PoolError::ZeroWorkers`].
    pub fn new(max_workers: usize) -> Result<Self, PoolError> {
        Self::builder().max_workers(max_workers).build()
    }

    /// A pool with options (Python: the other arguments of `ThreadPoolExecutor()`).
    pub fn builder() -> ThreadPoolBuilder {
        ThreadPoolBuilder::new()
    }

    /// Submits a closure or a call of a task (Python: `Executor.submit()`).
    ///
    /// Never fails: what goes wrong ends in the future. Where the pool has a limit for waiting jobs
    /// ([`max_pending`](ThreadPoolBuilder::max_pending)), it waits for room, but never on the pool's own threads.
    ///
    /// # Errors
    ///
    /// The future's:
    /// - [`TaskError::Panicked`] if the job panicked;
    /// - [`TaskError::TimedOut`] if a call ran longer than it [may](crate::Call::timeout);
    /// - [`TaskError::Cancelled`] if it was cancelled before it started;
    /// - [`TaskError::PoolShutDown`] after a shutdown;
    /// - [`TaskError::PoolBroken`] if the initializer failed or no thread can be started;
    /// - [`TaskError::Encode`] and [`TaskError::Decode`] for a call of a process task that borrows: its arguments are
    ///   kept as bytes.
    ///
    /// # Cancellation
    ///
    /// A job that has not started can be cancelled: [`TaskFuture::cancel`]. One that runs goes on to its end, also
    /// when its future is dropped.
    #[track_caller]
    pub fn submit<J: ThreadJob>(&self, job: J) -> TaskFuture<J::Output> {
        self.submit_at(job, self.pool.admit(), Location::caller())
    }

    /// Submits a closure or a call of a task if there is room for one more that waits (Python has none).
    ///
    /// # Errors
    ///
    /// [`PoolFull`] with the job, if [`max_pending`](ThreadPoolBuilder::max_pending) jobs wait already, also on the
    /// pool's own threads. A pool that was shut down or is broken is never full: there the future tells.
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::PoolFull;
    /// use executor_runtime::prelude::*;
    ///
    /// let pool = ThreadPoolExecutor::builder().max_workers(1).max_pending(1).build()?;
    /// let (go, gate) = std::sync::mpsc::channel::<()>();
    /// let running = pool.submit(move || gate.recv().is_err());
    /// let waiting = pool.submit(|| 1); // waits until the first one has left its place
    /// let Err(PoolFull(job)) = pool.try_submit(|| 2) else { panic!("there was room") };
    /// drop(go);
    /// assert_eq!((running.result()?, waiting.result()?, job()), (true, 1, 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn try_submit<J: ThreadJob>(&self, job: J) -> Result<TaskFuture<J::Output>, PoolFull<J>> {
        match self.pool.try_admit() {
            Ok(permit) => Ok(self.submit_at(job, permit, Location::caller())),
            Err(Full) => Err(PoolFull(job)),
        }
    }

    fn submit_at<J: ThreadJob>(
        &self,
        job: J,
        permit: Option<Permit>,
        at: &'static Location<'static>,
    ) -> TaskFuture<J::Output> {
        let options = job.options();
        match job.own() {
            Ok(closure) => {
                let job = Local::new(closure, self.pool.home(), Places { permit, membership: None }, at);
                let future = TaskFuture::new(Arc::<Local<_, _>>::clone(&job));
                self.pool.submit(LocalJob::new(job, options));
                future
            }
            Err(error) => failed(error, at),
        }
    }

    /// Submits one job for each item and yields the results in order (Python: `Executor.map()`): see [`Map`], also
    /// for errors, panics and cancellation.
    ///
    /// `make` turns an item into a job: `square::task`, or a closure that returns a closure.
    #[track_caller]
    pub fn map<'p, I, F, J>(&'p self, mut make: F, items: I) -> Map<'p, I::IntoIter, J::Output>
    where
        I: IntoIterator,
        F: FnMut(I::Item) -> J + 'p,
        J: ThreadJob,
    {
        let at = Location::caller();
        let room = |deadline| self.pool.wait_for_room(deadline);
        Map::new(items.into_iter(), self.max_workers(), room, move |portion| match portion {
            Portion::One(item) => Flight::One(self.submit_at(make(item), self.pool.admit(), at)),
            Portion::Many(items, _) => self.submit_chunk_at(items.into_iter().map(&mut make).collect(), at),
        })
    }

    fn submit_chunk_at<J: ThreadJob>(&self, jobs: Vec<J>, at: &'static Location<'static>) -> Flight<J::Output> {
        let options = chunk_options(jobs.iter().map(ThreadJob::options));
        let Some(options) = options else {
            return Flight::Each(jobs.into_iter().map(|job| self.submit_at(job, self.pool.admit(), at)).collect());
        };
        let closures: Vec<_> = jobs.into_iter().map(ThreadJob::own).collect();
        let calls = closures.len();
        let places = Places { permit: self.pool.admit(), membership: None };
        let job = Local::new(one_after_another(closures, at), self.pool.home(), places, at);
        let future = TaskFuture::new(Arc::<Local<_, _>>::clone(&job));
        self.pool.submit(LocalJob::new(job, options));
        Flight::Chunk { future, calls }
    }

    /// Runs `body`, and returns when all that was submitted through the handle it gets has ended
    /// (Python: `with executor:`, which also ends the executor).
    ///
    /// Jobs submitted through the handle may borrow whatever outlives the scope. The pool stays open, and what others
    /// have submitted to it is not waited for.
    ///
    /// # Panics
    ///
    /// If `body` does, with the same, after everything has ended.
    ///
    /// # Cancellation
    ///
    /// Only a panic of `body` cancels what has not started; everything else runs before this returns.
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::prelude::*;
    ///
    /// let pool = ThreadPoolExecutor::new(2)?;
    /// let table = vec![1, 2, 3];
    /// let mut total = 0;
    /// pool.scope(|scope| {
    ///     scope.submit(|| total = table.iter().sum());
    /// });
    /// assert_eq!(total, 6);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn scope<'env, R>(&self, body: impl for<'scope> FnOnce(&'scope ThreadScope<'scope, 'env>) -> R) -> R {
        scoped::enter(self.clone(), self.pool.home(), |end| end.is_none(), body)
    }

    #[doc(hidden)]
    pub fn __scope<'env, R>(
        &self,
        on_error: OnError,
        body: impl for<'scope> FnOnce(&'scope ThreadScope<'scope, 'env>) -> Exit<R>,
    ) -> Exit<R> {
        // A thread cannot be killed: as with an abort, what has not started is cancelled.
        let cancels = |end: Option<&_>| on_error.at(end) != OnError::Wait;
        scoped::enter(self.clone(), self.pool.home(), cancels, body)
    }

    /// Takes no more jobs, deals with those it has as `how` says, and waits until that is done
    /// (Python: `Executor.shutdown()`).
    ///
    /// On one of the pool's own threads it does not wait. Shutting down twice is no error.
    ///
    /// # Cancellation
    ///
    /// See [`Shutdown`]. The callbacks of what is cancelled run here.
    pub fn shutdown(&self, how: Shutdown) {
        Executor::shutdown(self, how);
    }

    /// Takes no more jobs and returns at once; what was submitted runs (Python: `shutdown(wait=False)`).
    ///
    /// Nor does dropping the last handle wait then. The end of `main` does not wait either: the program ends, and
    /// what still waits or runs ends with it. (Python waits at the end of the program.)
    pub fn shutdown_background(&self) {
        self.pool.shutdown_background();
    }

    pub(super) fn pool(&self) -> &Pool<LocalJob> {
        &self.pool
    }

    pub(super) fn start_job(&self, job: LocalJob) {
        self.pool.submit(job);
    }
}

/// The options of a chunk, which are those of all its jobs; `None` if they are not the same, or if each job has a
/// time limit, which a thread cannot keep for a part of what it runs.
pub(super) fn chunk_options(mut options: impl Iterator<Item = CallOptions>) -> Option<CallOptions> {
    let first = options.next().unwrap_or_default();
    (options.all(|other| other == first) && first.limit.is_none()).then_some(first)
}

impl Executor for ThreadPoolExecutor {
    fn start(&self, run: Run<'_>) {
        if let Some(job) = run.detach_for(self.pool.home(), self.pool.admit()) {
            self.start_job(job);
        }
    }

    fn start_chunk(&self, chunk: RunChunk<'_>) {
        if chunk.common_options().is_none_or(|options| options.limit.is_some()) {
            chunk.each(|run| self.start(run));
        } else if let Some(job) = chunk.detach_for(self.pool.home(), self.pool.admit()) {
            self.start_job(job);
        }
    }

    fn shutdown(&self, how: Shutdown) {
        self.pool.close();
        if how != Shutdown::Drain {
            self.pool.take_queued().refuse(|| TaskError::Cancelled);
        }
        self.pool.join(None);
    }

    fn __wait_for_room(&self, deadline: Option<Instant>) -> bool {
        self.pool.wait_for_room(deadline)
    }

    fn max_workers(&self) -> usize {
        self.pool.max_lanes()
    }
}

impl fmt::Debug for ThreadPoolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPoolExecutor").field("max_workers", &self.max_workers()).finish_non_exhaustive()
    }
}

/// A lane that calls its jobs itself.
struct ThreadLane {
    /// `None` once it has been called.
    initializer: Option<ThreadInitializer>,
}

impl ThreadLane {
    fn new(initializer: Option<ThreadInitializer>) -> Self {
        Self { initializer }
    }
}

impl Lane<LocalJob> for ThreadLane {
    fn ready(&mut self) -> Result<(), Unready> {
        let Some(initializer) = self.initializer.take() else { return Ok(()) };
        panics::catch(|| initializer())
            .map_err(BoxError::from)
            .flatten()
            .map_err(|cause| Unready::Pool(Arc::new(PoolError::InitializerFailed { cause })))
    }

    fn run(&mut self, job: LocalJob, seat: Seat<'_>) {
        job.run_in(seat);
    }
}

impl Pooled for LocalJob {
    fn priority(&self) -> i32 {
        LocalJob::priority(self)
    }
    fn is_over(&self) -> bool {
        LocalJob::is_over(self)
    }
    fn refuse(&self, error: TaskError) {
        LocalJob::refuse(self, error);
    }
}
