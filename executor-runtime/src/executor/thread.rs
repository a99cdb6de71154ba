//! Tasks on threads of this process.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Executor, Exit, Map, Shutdown, ThreadScope, cpus};
use crate::error::{PoolError, TaskError};
use crate::future::TaskFuture;
use crate::pool::{Lane, LaneOptions, Pool, Refuse};
use crate::sys::scoped;
use crate::task::{Local, LocalJob, Run, Seat, ThreadJob, failed};

/// A pool of threads, for work that waits (Python: `ThreadPoolExecutor`).
///
/// Threads are started one by one as they are needed, up to `max_workers`, and reused. A clone is one more
/// handle of the same pool; when the last one is dropped, the pool runs what was submitted and ends. (On the
/// pool's own threads that drop does not wait.)
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
    owner: Arc<Owner>,
}

/// What all handles share: its drop is the drop of the last one.
struct Owner {
    pool: Arc<Pool<LocalJob>>,
}

impl ThreadPoolExecutor {
    /// A pool of at most `max_workers` threads.
    ///
    /// # Errors
    ///
    /// [`PoolError::ZeroWorkers`].
    pub fn new(max_workers: usize) -> Result<Self, PoolError> {
        Self::builder().max_workers(max_workers).build()
    }

    /// A pool with options.
    pub fn builder() -> ThreadPoolBuilder {
        ThreadPoolBuilder { max_workers: cpus().saturating_add(4).min(32), name_prefix: None, stack_size_bytes: None }
    }

    /// Submits a closure or a call of a task (Python: `Executor.submit()`).
    ///
    /// Never fails: after a shutdown the future ends with [`TaskError::PoolShutDown`]. A panic of the job is
    /// its future's [`TaskError::Panicked`].
    pub fn submit<J: ThreadJob>(&self, job: J) -> TaskFuture<J::Output> {
        let limit = job.limit();
        match job.own() {
            Ok(closure) => {
                let job = Local::new(closure, self.owner.pool.home(), None);
                let future = TaskFuture::new(Arc::<Local<_, _>>::clone(&job));
                self.start_job(LocalJob::new(job, limit));
                future
            }
            Err(error) => failed(error),
        }
    }

    /// Submits one job for each item and yields the results in order (Python: `Executor.map()`): see [`Map`].
    pub fn map<'p, I, F, J>(&'p self, mut make: F, items: I) -> Map<'p, I::IntoIter, J::Output>
    where
        I: IntoIterator,
        F: FnMut(I::Item) -> J + 'p,
        J: ThreadJob,
    {
        Map::new(items.into_iter(), self.max_workers(), move |item| self.submit(make(item)))
    }

    /// Runs `body`, and returns when all that was submitted through the handle it gets has ended.
    ///
    /// Jobs submitted through the handle may borrow whatever outlives the scope. If `body` panics, what has not
    /// started is cancelled. The pool stays open.
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
        scoped::enter(self.clone(), self.owner.pool.home(), |_| false, body)
    }

    #[doc(hidden)]
    pub fn __scope<'env, R>(
        &self,
        body: impl for<'scope> FnOnce(&'scope ThreadScope<'scope, 'env>) -> Exit<R>,
    ) -> Exit<R> {
        scoped::enter(self.clone(), self.owner.pool.home(), Exit::failed, body)
    }

    /// Takes no more jobs, deals with those it has as `how` says, and waits until that is done
    /// (Python: `Executor.shutdown()`).
    ///
    /// On one of the pool's own threads it does not wait. Shutting down twice is no error.
    pub fn shutdown(&self, how: Shutdown) {
        Executor::shutdown(self, how);
    }

    pub(super) fn start_job(&self, job: LocalJob) {
        self.owner.pool.submit(job);
    }
}

impl Executor for ThreadPoolExecutor {
    fn start(&self, run: Run<'_>) {
        if let Some(job) = run.detach_for(self.owner.pool.home()) {
            self.start_job(job);
        }
    }

    fn shutdown(&self, how: Shutdown) {
        let pool = &self.owner.pool;
        pool.close();
        if how != Shutdown::Drain {
            pool.take_queued().refuse(|| TaskError::Cancelled);
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

impl fmt::Debug for ThreadPoolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPoolExecutor").field("max_workers", &self.max_workers()).finish_non_exhaustive()
    }
}

/// The options of a [`ThreadPoolExecutor`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct ThreadPoolBuilder {
    max_workers: usize,
    name_prefix: Option<String>,
    stack_size_bytes: Option<usize>,
}

impl ThreadPoolBuilder {
    /// How many threads there may be; by default four more than processors, and no more than 32.
    pub fn max_workers(mut self, threads: usize) -> Self {
        self.max_workers = threads;
        self
    }

    /// What the threads are called: `prefix_0`, `prefix_1` and so on. By default `ThreadPoolExecutor-` and the
    /// pool's number. Linux shows the first 15 bytes.
    pub fn thread_name_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.name_prefix = Some(prefix.into());
        self
    }

    /// The stack of each thread, in bytes; by default std's.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size_bytes = Some(bytes);
        self
    }

    /// Builds the pool; its threads start when they are needed.
    ///
    /// # Errors
    ///
    /// [`PoolError::ZeroWorkers`]; [`PoolError::BadThreadName`] if the prefix has a null byte.
    pub fn build(self) -> Result<ThreadPoolExecutor, PoolError> {
        if self.max_workers == 0 {
            return Err(PoolError::ZeroWorkers);
        }
        let name_prefix = self.name_prefix.unwrap_or_else(default_prefix);
        if name_prefix.contains('\0') {
            return Err(PoolError::BadThreadName { prefix: name_prefix });
        }
        let options = LaneOptions { max_lanes: self.max_workers, name_prefix, stack_size_bytes: self.stack_size_bytes };
        let pool = Pool::new(options, || Box::new(ThreadLane));
        Ok(ThreadPoolExecutor { owner: Arc::new(Owner { pool }) })
    }
}

fn default_prefix() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    // Relaxed: only the uniqueness of the number counts.
    format!("ThreadPoolExecutor-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A lane that calls its jobs itself.
struct ThreadLane;

impl Lane<LocalJob> for ThreadLane {
    fn ready(&mut self) -> Result<(), Arc<PoolError>> {
        Ok(())
    }

    fn run(&mut self, job: LocalJob, seat: Seat<'_>) {
        job.run_in(seat);
    }
}

impl Refuse for LocalJob {
    fn refuse(&self, error: TaskError) {
        LocalJob::refuse(self, error);
    }
}
