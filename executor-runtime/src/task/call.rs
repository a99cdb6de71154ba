//! A call that has not happened.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use super::Task;

/// The description of one call of a task: what `name::task(..)` returns.
///
/// Nothing runs before it is submitted. Options of this one call are set on it:
///
/// ```
/// # use executor_runtime::prelude::*;
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

    /// How long the task may run, counted from its start and not from its submission.
    ///
    /// In a worker process the task is killed at that point; on a thread it goes on, unseen. Either way its
    /// future ends with [`TaskError::TimedOut`](crate::TaskError::TimedOut).
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.options.limit = Some(limit);
        self
    }

    /// Which of the calls that wait starts first: the one with the highest priority, and of those with the same
    /// the one that was submitted first. By default 0.
    ///
    /// It orders the queue of one pool and nothing else: what runs is not interrupted.
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
