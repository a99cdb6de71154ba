//! The submitter's end of a job.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::{Source, State, Status, TaskHandle, TaskId};
use crate::error::{TaskError, WaitTimeout};

/// The value a submitted task will have (Python: `concurrent.futures.Future`).
///
/// Wait for it with [`result`](Self::result), look at it with
/// [`try_result`](Self::try_result), or `.await` it in any async runtime.
///
/// A task of a thread pool that waits, without a limit, for another task of its
/// own pool runs that task itself if it has not started, so that a full pool
/// cannot wait for itself. (A wait with a limit does not, since the task could
/// outlast it; nor does `.await`.) It runs on the stack of the one that waits: a long
/// chain of tasks that wait for each other needs a
/// [`stack_size`](crate::ThreadPoolBuilder::stack_size) to match. Pools do not help each
/// other: two full ones whose tasks wait for each other's wait for ever.
///
/// # Cancellation
///
/// [`cancel`](Self::cancel) ends a task that has not started, [`kill`](Self::kill) also one that runs in a worker process. Dropping the future detaches the task: the task still
/// runs, its value is dropped, and a failure that nobody looked at is told to the
/// [hook](crate::set_unobserved_failure_hook) for such.
///
/// # Examples
///
/// ```
/// use executor_runtime::prelude::*;
///
/// let pool = ThreadPoolExecutor::new(2)?;
/// let future = pool.submit(|| 6 * 7);
/// assert_eq!(future.result()?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TaskFuture<T> {
    source: Arc<dyn Source<T>>,
}

impl<T> TaskFuture<T> {
    pub(crate) fn new(source: Arc<dyn Source<T>>) -> Self {
        Self { source }
    }

    /// Waits for the end of the task and returns its value (Python: `Future.result()`).
    ///
    /// # Errors
    ///
    /// Why there is no value: see [`TaskError`]. A panic of the task is one of these, and not raised again, unless
    /// [`TaskError::resume_unwind`] does so.
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::prelude::*;
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let error = pool.submit(|| -> u32 { panic!("no luck") }).result().unwrap_err();
    /// assert!(error.to_string().ends_with(": no luck"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn result(self) -> Result<T, TaskError> {
        self.wait_until(None);
        self.take()
    }

    /// Waits at most `limit` for the end of the task and returns its value (Python: `Future.result(timeout)`).
    ///
    /// The future can be used again after a time-out. A `limit` of zero only looks.
    ///
    /// # Errors
    ///
    /// The outer error says that the task was not done in time, the inner one why it has no value.
    /// Once a value was returned, the next call says [`TaskError::AlreadyTaken`]; an error is returned again.
    ///
    /// # Cancellation
    ///
    /// A time-out ends the wait and not the task, which [`Call::timeout`](crate::Call::timeout) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::prelude::*;
    /// use executor_runtime::promise;
    ///
    /// let (promise, mut future) = promise();
    /// assert!(future.result_timeout(Duration::ZERO).is_err());
    /// promise.complete(7).expect("not cancelled");
    /// assert_eq!(future.result_timeout(Duration::from_secs(5))??, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn result_timeout(&mut self, limit: Duration) -> Result<Result<T, TaskError>, WaitTimeout> {
        // A limit past the end of the clock is no limit.
        if self.wait_until(Instant::now().checked_add(limit)) { Ok(self.take()) } else { Err(WaitTimeout::new(1, 1)) }
    }

    /// The result if the task is done, without waiting (Python: `Future.result(timeout=0)`).
    ///
    /// # Errors
    ///
    /// The inner one, as those of [`result_timeout`](Self::result_timeout).
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::prelude::*;
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let mut future = pool.submit(|| 7);
    /// wait([&future], None, ReturnWhen::AllCompleted);
    /// assert!(matches!(future.try_result(), Some(Ok(7))));
    /// assert!(matches!(future.try_result(), Some(Err(TaskError::AlreadyTaken))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_result(&mut self) -> Option<Result<T, TaskError>> {
        self.source.core().take()
    }

    /// Waits for the end of the task and looks at its error; `None` if it has a value (Python: `Future.exception()`).
    ///
    /// The value stays where it is, so that [`result`](Self::result) still gives it. A cancelled task has the
    /// error [`TaskError::Cancelled`] (Python raises it). A failure that was looked at here is not told to the
    /// [hook](crate::set_unobserved_failure_hook) for such.
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::prelude::*;
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let future = pool.submit(|| 6 * 7);
    /// assert!(future.error().is_none());
    /// assert_eq!(future.result()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn error(&self) -> Option<TaskError> {
        self.source.help();
        self.wait_for_error()
    }

    /// As [`error`](Self::error), but waits at most `limit` (Python: `Future.exception(timeout)`).
    ///
    /// # Errors
    ///
    /// The task was not done in time.
    pub fn error_timeout(&self, limit: Duration) -> Result<Option<TaskError>, WaitTimeout> {
        // A limit past the end of the clock is no limit.
        self.source.core().error(Instant::now().checked_add(limit))
    }

    /// Cancels the task if it has not started (Python: `Future.cancel()`); its closure and arguments are dropped at
    /// once.
    ///
    /// True if the task is cancelled, now or before; false if it runs or has ended.
    ///
    /// # Cancellation
    ///
    /// A cancelled future is done at once for everybody who waits for it. Its callbacks run in the calling thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::prelude::*;
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let (go, gate) = std::sync::mpsc::channel::<()>();
    /// let first = pool.submit(move || gate.recv().is_err());
    /// let second = pool.submit(|| 1);
    /// assert!(second.cancel() && second.is_done());
    /// drop(go);
    /// assert!(first.result()?);
    /// assert!(matches!(second.result(), Err(TaskError::Cancelled)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel(&self) -> bool {
        self.source.refuse(TaskError::Cancelled) || self.status().is_refused()
    }

    /// Cancels the task if it has not started, and ends it if it runs in a worker process. (Python can only kill all
    /// workers of a pool.)
    ///
    /// True if the task ends as [`TaskError::Cancelled`], unless it is done before it is ended; false if it has ended, or
    /// runs on a thread, which cannot be ended. A killed task is [not run again](crate::Call::retries).
    ///
    /// # Cancellation
    ///
    /// The worker process gets SIGKILL, after SIGTERM and the pool's
    /// [grace](crate::ProcessPoolBuilder::kill_grace) if there is one, and so do the processes that the task has started.
    /// It is replaced, and no other task ends with it. The future is done when the worker is no more, so that whatever
    /// the task had in use is free by then. Of a [chunk](crate::Map::chunk_size) all calls that have no result are
    /// cancelled.
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
    /// assert!(future.kill());
    /// assert!(matches!(future.result(), Err(TaskError::Cancelled)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn kill(&self) -> bool {
        self.source.kill() || self.status().is_refused()
    }

    /// How far the task has come (Python has this in `repr()` only).
    pub fn state(&self) -> State {
        self.status().state()
    }

    /// Whether the task has ended, in whatever way (Python: `Future.done()`).
    pub fn is_done(&self) -> bool {
        self.state().is_done()
    }

    /// Whether the task runs now and can no longer be cancelled (Python: `Future.running()`).
    pub fn is_running(&self) -> bool {
        self.state() == State::Running
    }

    /// Whether the task was cancelled before it started, or [killed](Self::kill) (Python: `Future.cancelled()`).
    pub fn is_cancelled(&self) -> bool {
        self.state() == State::Cancelled
    }

    /// A number that no other task of this process has (Python: `id(future)`).
    pub fn id(&self) -> TaskId {
        self.status().id()
    }

    /// Where the task was submitted: the line that called `submit`, `map` or [`promise`](crate::promise). (Python has
    /// none.)
    pub fn submitted_at(&self) -> &'static Location<'static> {
        self.source.core().submitted_at()
    }

    /// The task without the type of its value, for those who list or cancel tasks. (Python's futures can be shared as
    /// they are.)
    pub fn handle(&self) -> TaskHandle {
        TaskHandle::new(Arc::<dyn Source<T>>::clone(&self.source))
    }

    /// Calls `callback` with the result as soon as there is one, before anybody can take it
    /// (Python: `Future.add_done_callback()`).
    ///
    /// It runs in the thread that ends the task, or at once in the calling thread if the task is done. A task in a
    /// worker process may be ended by the thread that waits for it.
    /// Callbacks run in the order in which they were added, one that is added by a callback last. It may submit
    /// tasks; it should not wait for any, since a worker stands still meanwhile, or the clock of all time limits.
    ///
    /// # Errors
    ///
    /// The callback gets why there is no value; [`TaskError::AlreadyTaken`] once the value was taken out of the
    /// future.
    ///
    /// # Panics
    ///
    /// Never. A callback that panics harms neither the others nor the pool: the panic hook reports it, and that is
    /// all. (In Python some exceptions of a callback end its worker thread.)
    ///
    /// # Cancellation
    ///
    /// It is called once in any case, also for a task that is cancelled or detached.
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::prelude::*;
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let (told, tell) = std::sync::mpsc::channel();
    /// pool.submit(|| 6 * 7).on_done(move |result| told.send(result.copied().ok()).expect("somebody listens"));
    /// assert_eq!(tell.recv()?, Some(42));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_done(&self, callback: impl FnOnce(Result<&T, &TaskError>) + Send + 'static) {
        self.source.core().on_done(Box::new(callback));
    }

    /// Waits until the task is done; false if `deadline` came first.
    pub(crate) fn wait_until(&self, deadline: Option<Instant>) -> bool {
        // Helping could outlast a limit, so only a wait without one helps.
        if deadline.is_none() {
            self.source.help();
        }
        self.source.core().wait(deadline)
    }

    fn wait_for_error(&self) -> Option<TaskError> {
        self.source.core().error(None).expect("a wait without a limit cannot run out of time")
    }

    fn take(&self) -> Result<T, TaskError> {
        self.source.core().take().expect("the job was waited for")
    }

    /// Cancels the task and drops the future; no failure of it is told to anybody.
    pub(crate) fn abandon(self) {
        self.source.core().disown();
        self.cancel();
    }

    fn status(&self) -> &dyn Status {
        self.source.status()
    }

    pub(super) fn source(&self) -> &Arc<dyn Source<T>> {
        &self.source
    }
}

/// Awaits the value in any async runtime (Python: `asyncio.wrap_future()`).
///
/// # Errors
///
/// As [`TaskFuture::result`]. It may be polled again: after a value it says [`TaskError::AlreadyTaken`], and an error
/// is given again.
///
/// # Cancellation
///
/// An async task that is dropped while it awaits a future drops it, which detaches the submitted task and does not
/// cancel it. (Python's `wrap_future` cancels.) `(&mut future).await` keeps the future.
///
/// # Examples
///
/// ```
/// use executor_runtime::prelude::*;
///
/// let pool = ThreadPoolExecutor::new(1)?;
/// let value = futures::executor::block_on(async { pool.submit(|| 6 * 7).await })?;
/// assert_eq!(value, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl<T> Future for TaskFuture<T> {
    type Output = Result<T, TaskError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.source.core().poll(context.waker()) {
            Some(result) => Poll::Ready(result),
            None => Poll::Pending,
        }
    }
}

impl<T> Drop for TaskFuture<T> {
    fn drop(&mut self) {
        self.source.core().detach();
    }
}

impl<T> fmt::Debug for TaskFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TaskFuture(")?;
        self.status().fmt(f)?;
        f.write_str(")")
    }
}
