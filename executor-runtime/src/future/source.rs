//! What the ends of a job can ask of it: with its type, and without.

use std::fmt;

use super::{Core, State, TaskId};
use crate::error::TaskError;

/// A job as those see it who do not know its type: the queue, a scope, a [`TaskHandle`](super::TaskHandle).
///
/// No method reaches a value of the job's types, but for the closure that `refuse` drops, and that one only
/// while the job has not ended: the lifetimes in these types may be over afterwards (see `sys::scoped`).
pub(crate) trait Handle: Send + Sync {
    /// Ends the job with `error` if it has not started; whether it had not.
    fn refuse(&self, error: TaskError) -> bool;

    /// Cancels the job if it has not started, or ends what runs it, if that can be ended: then it ends as cancelled when
    /// that is done. Whether it will.
    fn kill(&self) -> bool {
        self.refuse(TaskError::Cancelled)
    }

    /// What can be told of the job.
    fn status(&self) -> &dyn Status;

    /// Runs the job in the calling thread if that thread works for the job's
    /// pool and the job is still queued there; else does nothing.
    ///
    /// A worker calls this before it waits, because the job it waits for might
    /// be waiting for that very worker. Only the awaited job is ever helped:
    /// running an unrelated one could need a lock that the waiter holds.
    fn help(&self);
}

/// What can be told of a job without its value.
pub(crate) trait Status {
    fn id(&self) -> TaskId;

    fn state(&self) -> State;

    /// Whether the job is sure to end as cancelled, or has.
    fn is_refused(&self) -> bool;

    /// `#17 running`, `#17 finished ok i32`: what stands in the `Debug` form of whatever shows the job.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// A job as its future sees it.
pub(crate) trait Source<T>: Handle {
    fn core(&self) -> &Core<T>;
}
