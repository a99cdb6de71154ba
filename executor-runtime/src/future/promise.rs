//! A future whose result comes from anywhere.
//!
//! ```text
//!            start                    complete, fail, drop
//!  Promise ─────────▶ RunningPromise ──────────────────────▶ the future is done
//!     └──────────── complete, fail, drop ───────────────────▶      "
//! ```
//!
//! Each arrow consumes where it comes from, so that no promise is kept twice.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use super::{Core, Handle, Source, Status, TaskFuture, TaskId};
use crate::error::TaskError;

/// A future, and the promise that ends it: for tests, for executors of one's own, and for results that come from
/// somewhere else than a task (Python: `Future()`).
///
/// The future is a [`TaskFuture`] like any other: it can be waited for, awaited, mixed with others in
/// [`wait`](crate::wait) and [`as_completed`](crate::as_completed), and cancelled until the promise is
/// [started](Promise::start).
///
/// # Errors
///
/// The future ends with the error that the promise [fails](Promise::fail) with, with [`TaskError::Cancelled`], or,
/// if the promise is dropped, with [`TaskError::Abandoned`].
///
/// # Cancellation
///
/// A promise learns that its future was cancelled from [`start`](Promise::start), [`complete`](Promise::complete),
/// [`fail`](Promise::fail) and [`is_cancelled`](Promise::is_cancelled). A future that is dropped is not cancelled:
/// its value is dropped when it comes.
///
/// # Examples
///
/// ```
/// use executor_runtime::prelude::*;
/// use executor_runtime::promise;
///
/// let (promise, future) = promise();
/// std::thread::spawn(move || promise.complete(42));
/// assert_eq!(future.result()?, 42);
/// # Ok::<(), TaskError>(())
/// ```
#[track_caller]
pub fn promise<T: Send + 'static>() -> (Promise<T>, TaskFuture<T>) {
    let job = Arc::new(Promised { core: Core::new(Location::caller()) });
    (Promise { owed: Owed { job: Arc::clone(&job) } }, TaskFuture::new(job))
}

/// What a [`Promise`] and its future share.
struct Promised<T> {
    core: Core<T>,
}

impl<T: Send> Handle for Promised<T> {
    fn refuse(&self, error: TaskError) -> bool {
        self.core.refuse(error, || ())
    }

    fn status(&self) -> &dyn Status {
        &self.core
    }

    /// Nothing to do: nobody knows here where the result comes from.
    fn help(&self) {}
}

impl<T: Send> Source<T> for Promised<T> {
    fn core(&self) -> &Core<T> {
        &self.core
    }
}

/// The duty to end the future, which its drop does if nothing else did.
struct Owed<T> {
    job: Arc<Promised<T>>,
}

impl<T> Owed<T> {
    fn core(&self) -> &Core<T> {
        &self.job.core
    }

    fn fmt(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{name}(")?;
        self.core().fmt(f)?;
        f.write_str(")")
    }
}

impl<T> Drop for Owed<T> {
    fn drop(&mut self) {
        // Without effect on a future that has its result.
        self.core().settle(Err(TaskError::Abandoned), || ());
    }
}

/// The result that a future is owed, before anybody works on it: what [`promise`] gives.
///
/// Until it is started the future can be cancelled. Dropping it ends the future with [`TaskError::Abandoned`].
/// A promise is kept once at most: what ends the future takes it. (Python: `InvalidStateError`.)
///
/// Callbacks of the future run in the thread that ends it, within the call that does. Their panics stay there.
///
/// # Examples
///
/// ```
/// use executor_runtime::prelude::*;
/// use executor_runtime::promise;
///
/// let (promise, future) = promise();
/// assert!(future.cancel() && promise.is_cancelled());
/// assert_eq!(promise.complete("unwanted"), Err("unwanted"));
/// ```
#[must_use = "a promise that is dropped ends its future as abandoned"]
pub struct Promise<T> {
    owed: Owed<T>,
}

impl<T> Promise<T> {
    /// Says that the result is being worked on: from here on the future cannot be cancelled. `None` if it was
    /// (Python: `Future.set_running_or_notify_cancel()`).
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::prelude::*;
    /// use executor_runtime::promise;
    ///
    /// let (promise, future) = promise();
    /// let promise = promise.start().expect("nobody cancels it");
    /// assert!(!future.cancel());
    /// promise.complete(7);
    /// assert_eq!(future.result()?, 7);
    /// # Ok::<(), TaskError>(())
    /// ```
    pub fn start(self) -> Option<RunningPromise<T>> {
        self.owed.core().begin().then_some(RunningPromise { owed: self.owed })
    }

    /// Ends the future with a value (Python: `Future.set_result()`).
    ///
    /// # Errors
    ///
    /// The value, if the future was cancelled.
    pub fn complete(self, value: T) -> Result<(), T> {
        match self.start() {
            Some(running) => {
                running.complete(value);
                Ok(())
            }
            None => Err(value),
        }
    }

    /// Ends the future with an error (Python: `Future.set_exception()`); false if it was cancelled.
    ///
    /// For errors of one's own let the future's type be a `Result`, and complete it with an `Err`.
    /// With [`TaskError::Cancelled`] the future ends as cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::prelude::*;
    /// use executor_runtime::promise;
    ///
    /// let (promise, future) = promise::<u32>();
    /// assert!(promise.fail(TaskError::PoolShutDown));
    /// assert!(matches!(future.result(), Err(TaskError::PoolShutDown)));
    /// ```
    pub fn fail(self, error: TaskError) -> bool {
        let running = self.start();
        let started = running.is_some();
        if let Some(running) = running {
            running.fail(error);
        }
        started
    }

    /// Whether the future was cancelled (Python: `Future.cancelled()`), so that nobody needs the result.
    pub fn is_cancelled(&self) -> bool {
        self.owed.core().is_refused()
    }

    /// The number of the future, as [`TaskFuture::id`] tells it.
    pub fn id(&self) -> TaskId {
        self.owed.core().id()
    }
}

impl<T> fmt::Debug for Promise<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.owed.fmt("Promise", f)
    }
}

/// The result that a future is owed, and that is being worked on: what [`Promise::start`] gives.
///
/// Its future cannot be cancelled any more, so that nothing here can fail. Dropping it, also by a panic, ends the
/// future with [`TaskError::Abandoned`].
#[must_use = "a promise that is dropped ends its future as abandoned"]
pub struct RunningPromise<T> {
    owed: Owed<T>,
}

impl<T> RunningPromise<T> {
    /// Ends the future with a value (Python: `Future.set_result()`).
    ///
    /// If the future is gone, the value is dropped here, and a panic of its destructor goes no further.
    pub fn complete(self, value: T) {
        self.owed.core().settle(Ok(value), || ());
    }

    /// Ends the future with an error (Python: `Future.set_exception()`).
    pub fn fail(self, error: TaskError) {
        self.owed.core().settle(Err(error), || ());
    }

    /// The number of the future, as [`TaskFuture::id`] tells it.
    pub fn id(&self) -> TaskId {
        self.owed.core().id()
    }
}

impl<T> fmt::Debug for RunningPromise<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.owed.fmt("RunningPromise", f)
    }
}
