//! A future without its type.

use std::fmt;
use std::sync::Arc;

use super::{Handle, State, TaskId};
use crate::error::TaskError;

/// A submitted task without the type of its value: to be kept in a table, shown, or cancelled from elsewhere.
/// (Python's `Future` can be shared as it is.)
///
/// It is what [`TaskFuture::handle`](super::TaskFuture::handle) gives.
///
/// # Cancellation
///
/// A handle may cancel and kill, and dropping it does nothing: it holds neither the task's closure nor its value, and does not
/// keep the task's future from being detached.
///
/// # Examples
///
/// ```
/// use executor_runtime::prelude::*;
///
/// let pool = ThreadPoolExecutor::new(1)?;
/// let (number, text) = (pool.submit(|| 7), pool.submit(|| "seven"));
/// let handles = [number.handle(), text.handle()];
/// wait([&number], None, ReturnWhen::AllCompleted);
/// assert!(handles[0].is_done() && !handles[0].cancel());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct TaskHandle {
    /// The job may be one of a scope that has ended: then it is a shell, and [`Handle`] reaches nothing in it.
    job: Arc<dyn Handle>,
}

impl TaskHandle {
    pub(super) fn new(job: Arc<dyn Handle>) -> Self {
        Self { job }
    }

    /// Cancels the task if it has not started (Python: `Future.cancel()`): see
    /// [`TaskFuture::cancel`](super::TaskFuture::cancel).
    pub fn cancel(&self) -> bool {
        self.job.refuse(TaskError::Cancelled) || self.job.status().is_refused()
    }

    /// Cancels the task if it has not started, and ends it if it runs in a worker process: see
    /// [`TaskFuture::kill`](super::TaskFuture::kill).
    pub fn kill(&self) -> bool {
        self.job.kill() || self.job.status().is_refused()
    }

    /// How far the task has come (Python has this in `repr()` only).
    pub fn state(&self) -> State {
        self.job.status().state()
    }

    /// Whether the task has ended, in whatever way (Python: `Future.done()`).
    pub fn is_done(&self) -> bool {
        self.state().is_done()
    }

    /// The number of the task, as [`TaskFuture::id`](super::TaskFuture::id) tells it.
    pub fn id(&self) -> TaskId {
        self.job.status().id()
    }
}

impl fmt::Debug for TaskHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TaskHandle(")?;
        self.job.status().fmt(f)?;
        f.write_str(")")
    }
}
