//! A call that has not happened.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use super::Task;

/// The description of one call of a task: what `name::task(..)` returns (Python: the arguments of `submit()`, or a
/// `functools.partial`).
///
/// Nothing runs before it is submitted. Options of this one call are set on it.
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
/// let pool = ProcessPoolExecutor::new(1)?;
/// let future = pool.submit(square::task(3).timeout(Duration::from_secs(5)).priority(1));
/// assert_eq!(future.result()?, 9);
/// # Ok(())
/// # }
/// ```
#[must_use = "a call does nothing until it is submitted"]
pub struct Call<'a, T: Task> {
    pub(super) args: T::Args<'a>,
    pub(super) options: CallOptions,
    task: PhantomData<fn() -> T>,
}

/// What can be said of one call. A closure has the defaults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallOptions {
    /// How long it may run, from its start.
    pub(crate) limit: Option<Duration>,
    /// How often it runs again if it was lost.
    pub(crate) retries: u32,
    /// Higher ones start first.
    pub(crate) priority: i32,
}

impl<'a, T: Task> Call<'a, T> {
    #[doc(hidden)]
    pub fn new(args: T::Args<'a>) -> Self {
        Self::with_options(args, CallOptions { limit: T::TIMEOUT, retries: T::RETRIES, priority: 0 })
    }

    pub(super) fn with_options(args: T::Args<'a>, options: CallOptions) -> Self {
        Self { args, options, task: PhantomData }
    }

    /// How long the task may run, counted from its start and not from its submission. (Python has none.)
    ///
    /// In a worker process the task is killed at that point; on a thread it goes on, unseen, and keeps its thread. It
    /// goes before the `timeout = ".."` of the task, which goes before the
    /// [limit of a process pool](crate::ProcessPoolBuilder::timeout).
    ///
    /// # Errors
    ///
    /// The future ends with [`TaskError::TimedOut`](crate::TaskError::TimedOut).
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
    /// let future = pool.submit(compute_for_ever::task().timeout(Duration::from_millis(50)));
    /// assert!(matches!(future.result(), Err(TaskError::TimedOut { .. })));
    /// # Ok(())
    /// # }
    /// ```
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.options.limit = Some(limit);
        self
    }

    /// How often the call runs again if its worker process died or it ran out of time, so that it runs up to
    /// `retries + 1` times; by default as often as the task's `retries = n` says, or else not at all. (Python has none,
    /// but a pool that is broken.)
    ///
    /// It says that the task may run twice: a worker that dies may have done all of the work, or part of it. Each run
    /// has the whole of the [time limit](Self::timeout). A panic and a returned `Err` are results and are not tried
    /// again; nor is a call on a thread, which cannot be lost, or one that an abort ends. One that has started keeps its
    /// retries while a shutdown or the end of a block waits for it.
    ///
    /// # Errors
    ///
    /// The future's, if the last run is lost too: that run's, which tells in `attempts` how many there were.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// use executor_runtime::prelude::*;
    ///
    /// /// Crashes if it is the first.
    /// #[pool_task(process)]
    /// fn second_time_lucky(first: &Path) -> bool {
    ///     if std::fs::create_dir(first).is_ok() { std::process::abort() } else { true }
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let place = std::env::temp_dir().join(format!("second-time-lucky-{}", std::process::id()));
    /// # let place = place.as_path();
    /// let pool = ProcessPoolExecutor::new(1)?;
    /// let lucky = pool.submit(second_time_lucky::task(place).retries(1)).result();
    /// # std::fs::remove_dir(place)?;
    /// assert!(lucky?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn retries(mut self, retries: u32) -> Self {
        self.options.retries = retries;
        self
    }

    /// Which of the calls that wait starts first: the one with the highest priority, and of those with the same
    /// the one that was submitted first. By default 0. (Python has none.)
    ///
    /// It orders the queue of one pool and nothing else: what runs is not interrupted, and a call that waits for
    /// [room](crate::ThreadPoolBuilder::max_pending) is not in the queue yet. In a long queue of short calls, what
    /// makes half a millisecond of work has left the queue for a worker process already.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    ///
    /// use executor_runtime::prelude::*;
    ///
    /// type Log = Arc<Mutex<Vec<&'static str>>>;
    ///
    /// #[pool_task(thread)]
    /// fn note(what: &'static str, log: Log) {
    ///     log.lock().expect("nobody panics").push(what);
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (pool, log) = (ThreadPoolExecutor::new(1)?, Log::default());
    /// let (go, gate) = std::sync::mpsc::channel::<()>();
    /// pool.submit(move || gate.recv().is_err());
    /// pool.submit(note::task("usual", Log::clone(&log)));
    /// pool.submit(note::task("urgent", Log::clone(&log)).priority(1));
    /// drop(go);
    /// pool.shutdown(Shutdown::Drain);
    /// assert_eq!(*log.lock().expect("nobody panics"), ["urgent", "usual"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn priority(mut self, priority: i32) -> Self {
        self.options.priority = priority;
        self
    }
}

impl<T: Task> fmt::Debug for Call<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({})", T::NAME)
    }
}
