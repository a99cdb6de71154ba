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
    /// Higher ones start first.
    pub(crate) priority: i32,
}

impl<'a, T: Task> Call<'a, T> {
    #[doc(hidden)]
    pub fn new(args: T::Args<'a>) -> Self {
        Self { args, options: CallOptions::default(), task: PhantomData }
    }

    /// How long the task may run, counted from its start and not from its submission. (Python has none.)
    ///
    /// In a worker process the task is killed at that point; on a thread it goes on, unseen, and keeps its thread. It
    /// goes before the [limit of a process pool](crate::ProcessPoolBuilder::timeout).
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

    /// Which of the calls that wait starts first: the one with the highest priority, and of those with the same
    /// the one that was submitted first. By default 0. (Python has none.)
    ///
    /// It orders the queue of one pool and nothing else: what runs is not interrupted, and a call that waits for
    /// [room](crate::ThreadPoolBuilder::max_pending) is not in the queue yet.
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
