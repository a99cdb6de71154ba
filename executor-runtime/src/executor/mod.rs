//! Executors: where submitted calls run.
//!
//! [`Executor`] is what a backend implements, [`ExecutorExt`] what a user of any
//! backend has. Only `process` knows both pools and workers.

mod exit;
mod flights;
mod map;
mod pace;
mod portions;
#[cfg(target_os = "linux")]
mod process;
mod scope;
mod thread;

use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use exit::{Exit, OnError, Probe, Question, taken};
pub use map::{Map, MapTimeout};
#[cfg(target_os = "linux")]
pub use process::{ProcessPoolBuilder, ProcessPoolExecutor, Transport, WorkerStderr, WorkerStdout};
pub use scope::{Scope, ThreadScope};
pub use thread::{ThreadPoolBuilder, ThreadPoolExecutor};

use crate::future::TaskFuture;
use crate::task::{Flight, ProcessJob, Run, RunChunk};
use portions::Portion;

/// How an executor ends (Python: `Executor.shutdown(cancel_futures=..)`, `kill_workers()`).
///
/// Of several shutdowns of one executor the strongest wins: `Drain`, then `CancelPending`, then `Abort`.
///
/// # Cancellation
///
/// What is cancelled ends with [`TaskError::Cancelled`](crate::TaskError::Cancelled), and is done at once for
/// everybody who waits for it. (In Python `wait` and `as_completed` never see such a future as done.) What is
/// submitted after any shutdown ends with [`TaskError::PoolShutDown`](crate::TaskError::PoolShutDown).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// Everything submitted so far runs (Python: `shutdown()`).
    Drain,
    /// What has not started is cancelled; what runs, runs to its end, a [chunk](Map::chunk_size) with all of its calls
    /// (Python: `shutdown(cancel_futures=True)`).
    CancelPending,
    /// What has not started is cancelled. Worker processes are asked to end (SIGTERM) and, those that are still
    /// there after `grace`, killed; their tasks end with [`TaskError::PoolShutDown`](crate::TaskError::PoolShutDown).
    /// Threads cannot be killed: there it is the same as [`CancelPending`](Self::CancelPending).
    /// (Python: `terminate_workers()`, `kill_workers()`.)
    Abort {
        /// The time between asking and killing; zero kills at once.
        grace: Duration,
    },
}

/// What a backend implements: a place where calls of process tasks run (Python: a subclass of `Executor`).
///
/// It is object safe: `&dyn Executor`, `Box<dyn Executor>` and `Arc<dyn Executor>` each take any process task.
/// Users submit through [`ExecutorExt`].
///
/// # Examples
///
/// An executor that runs each call where it is submitted, as tests like it:
///
/// ```
/// use executor_runtime::Run;
/// use executor_runtime::prelude::*;
///
/// struct Inline;
///
/// impl Executor for Inline {
///     fn start(&self, run: Run<'_>) {
///         if let Some(job) = run.detach() {
///             job.run();
///         }
///     }
///
///     fn shutdown(&self, _: Shutdown) {}
/// }
///
/// #[pool_task(process)]
/// fn square(n: u64) -> u64 {
///     n * n
/// }
///
/// # fn main() -> Result<(), TaskError> {
/// assert!(Inline.submit(square::task(3)).is_done());
/// assert_eq!(Inline.map(square::task, 0..4).collect::<Result<Vec<_>, _>>()?, [0, 1, 4, 9]);
/// # Ok(())
/// # }
/// ```
///
/// [`RunChunk`], [`LocalJob`](crate::LocalJob) and [`RemoteJob`](crate::RemoteJob) have more.
pub trait Executor: Send + Sync {
    /// Takes a call in. Never fails: what goes wrong ends in the call's future.
    ///
    /// It is called in the submitter's thread, and the call borrows from the submitter: it goes on as one of the
    /// jobs that [`Run`] gives. What is dropped on the way, be it the call or the job, ends with
    /// [`TaskError::PoolShutDown`](crate::TaskError::PoolShutDown), so that no waiter hangs.
    ///
    /// # Panics
    ///
    /// It should not: a panic goes on out of the user's `submit`.
    fn start(&self, run: Run<'_>);

    /// Takes in several calls of one task, which a [`Map`] put together. By default one by one, and then a map that
    /// [chooses](Map::chunk_size) the size of its chunks puts no more together.
    ///
    /// An executor that stands before another one passes them on; else they arrive there one by one.
    fn start_chunk(&self, chunk: RunChunk<'_>) {
        chunk.each(|run| self.start(run));
    }

    /// Waits until a call can be taken in at once, at most until `deadline`; whether it can.
    #[doc(hidden)]
    fn __wait_for_room(&self, deadline: Option<Instant>) -> bool {
        let _ = deadline;
        true
    }

    /// Takes no more calls, deals with those it has as `how` says, and waits until that is done
    /// (Python: `Executor.shutdown()`).
    ///
    /// Called on one of the executor's own workers or callbacks, it does not wait: it would wait for itself. It may
    /// be called any number of times. See [`Shutdown`] for what the calls end with.
    fn shutdown(&self, how: Shutdown);

    /// How many calls can run at once; by default as many as this process may use processors. A [`Map`] has a
    /// buffer of a size that goes with it.
    fn max_workers(&self) -> usize {
        cpus()
    }
}

impl Executor for Box<dyn Executor> {
    fn start(&self, run: Run<'_>) {
        (**self).start(run);
    }
    fn start_chunk(&self, chunk: RunChunk<'_>) {
        (**self).start_chunk(chunk);
    }
    fn __wait_for_room(&self, deadline: Option<Instant>) -> bool {
        (**self).__wait_for_room(deadline)
    }
    fn shutdown(&self, how: Shutdown) {
        (**self).shutdown(how);
    }
    fn max_workers(&self) -> usize {
        (**self).max_workers()
    }
}

impl Executor for Arc<dyn Executor> {
    fn start(&self, run: Run<'_>) {
        (**self).start(run);
    }
    fn start_chunk(&self, chunk: RunChunk<'_>) {
        (**self).start_chunk(chunk);
    }
    fn __wait_for_room(&self, deadline: Option<Instant>) -> bool {
        (**self).__wait_for_room(deadline)
    }
    fn shutdown(&self, how: Shutdown) {
        (**self).shutdown(how);
    }
    fn max_workers(&self) -> usize {
        (**self).max_workers()
    }
}

/// What every executor can do for its users (Python: the methods of `Executor`).
///
/// # Examples
///
/// One function for threads and processes:
///
/// ```
/// use executor_runtime::prelude::*;
///
/// #[pool_task(process)]
/// fn count(text: &str, word: &str) -> usize {
///     text.matches(word).count()
/// }
///
/// fn count_all(pool: &dyn Executor, text: &str, words: &[&str]) -> Result<Vec<usize>, TaskError> {
///     pool.map(|word| count::task(text, word), words).collect()
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let threads = ThreadPoolExecutor::new(2)?;
/// let processes = ProcessPoolExecutor::new(2)?;
/// assert_eq!(count_all(&threads, "a rose is a rose", &["rose", "is"])?, [2, 1]);
/// assert_eq!(count_all(&processes, "a rose is a rose", &["rose", "is"])?, [2, 1]);
/// # Ok(())
/// # }
/// ```
pub trait ExecutorExt: Executor {
    /// Submits one call (Python: `Executor.submit()`).
    ///
    /// Never fails: a call that cannot be taken in, because its arguments cannot be encoded or the executor was
    /// shut down, ends in its future. What the call borrows is not needed any more when this returns.
    ///
    /// # Errors
    ///
    /// The future's, each a [`TaskError`](crate::TaskError). On any executor: `Panicked`, `TimedOut`, `Cancelled`,
    /// `PoolShutDown`, `PoolBroken`; `Encode` and `Decode` where arguments become bytes, which they do on threads
    /// if they are borrowed; `WorkerDied` on processes.
    ///
    /// # Cancellation
    ///
    /// [`TaskFuture::cancel`] ends a call that has not started. Dropping the future does not: the call is detached.
    #[track_caller]
    fn submit<J: ProcessJob>(&self, job: J) -> TaskFuture<J::Output> {
        job.submit_to(Location::caller(), |run| self.start(run))
    }

    /// Submits one call for each item and yields the results in order (Python: `Executor.map()`).
    ///
    /// Unlike Python's it is lazy, and an item that fails costs only itself: see [`Map`], also for errors, panics
    /// and cancellation. `make` turns an item into a call: `square::task`, or a closure if there are several
    /// arguments.
    #[track_caller]
    fn map<'p, I, F, J>(&'p self, mut make: F, items: I) -> Map<'p, I::IntoIter, J::Output>
    where
        I: IntoIterator,
        F: FnMut(I::Item) -> J + 'p,
        J: ProcessJob,
    {
        let at = Location::caller();
        let room = |deadline| self.__wait_for_room(deadline);
        Map::new(items.into_iter(), self.max_workers(), room, move |portion| match portion {
            Portion::One(item) => Flight::One(make(item).submit_to(at, |run| self.start(run))),
            Portion::Many(items, sizing) => {
                let calls = items.into_iter().map(&mut make);
                J::submit_all_to(calls, sizing, at, |chunk| self.start_chunk(chunk))
            }
        })
    }

    /// Runs `body`, and returns when all that was submitted through the handle it gets has ended
    /// (Python: `with executor:`, which also ends the executor).
    ///
    /// The executor stays open, and what others have submitted to it is not waited for. `with_pool!` with an
    /// executor that exists is this, with `?` and `return` in the block.
    ///
    /// # Panics
    ///
    /// If `body` does, with the same, after everything has ended.
    ///
    /// # Cancellation
    ///
    /// Only a panic of `body` cancels what has not started. A future may leave the scope: it is done.
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::prelude::*;
    ///
    /// #[pool_task(process)]
    /// fn square(n: u64) -> u64 {
    ///     n * n
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = ProcessPoolExecutor::new(2)?;
    /// let futures = pool.scope(|scope| [2, 3].map(|n| scope.submit(square::task(n))));
    /// assert!(futures.iter().all(TaskFuture::is_done));
    /// # Ok(())
    /// # }
    /// ```
    fn scope<R>(&self, body: impl FnOnce(&Scope<'_, Self>) -> R) -> R {
        scope::enter(self, |end| if end.is_none() { OnError::Cancel } else { OnError::Wait }, body)
    }

    #[doc(hidden)]
    fn __scope<R>(&self, on_error: OnError, body: impl FnOnce(&Scope<'_, Self>) -> Exit<R>) -> Exit<R> {
        scope::enter(self, |end| on_error.at(end), body)
    }
}

impl<E: Executor + ?Sized> ExecutorExt for E {}

/// The processors this process may use: honours affinity and, in a container, the quota.
fn cpus() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
