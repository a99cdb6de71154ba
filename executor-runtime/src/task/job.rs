//! What can be submitted, and where.

use std::panic::Location;

use super::call::CallOptions;
use super::chunk::{self, Flight, RunChunk, Sizing};
use super::{Call, OwnedTask, ProcessTask, Run, Task, run};
use crate::error::TaskError;
use crate::future::TaskFuture;

/// Anything that can run: every `FnOnce() -> R`, and every call of a task (Python: what `submit()` takes).
///
/// This is what a scope on threads takes; it may borrow.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something to run",
    label = "neither a closure nor a call of a task",
    note = "pass a closure `|| ..`, or `name::task(..)` of a `#[pool_task]` function"
)]
pub trait Job {
    /// What running it gives.
    type Output;

    #[doc(hidden)]
    fn options(&self) -> CallOptions;

    #[doc(hidden)]
    fn run(self) -> Self::Output;
}

#[diagnostic::do_not_recommend]
impl<F: FnOnce() -> R, R> Job for F {
    type Output = R;

    fn options(&self) -> CallOptions {
        CallOptions::default()
    }
    fn run(self) -> R {
        self()
    }
}

impl<T: Task> Job for Call<'_, T> {
    type Output = T::Output;

    fn options(&self) -> CallOptions {
        self.options
    }
    fn run(self) -> T::Output {
        T::call(self.args)
    }
}

/// What a thread pool takes: every `FnOnce() -> R + Send + 'static`, and every call that can outlive the
/// submitter's borrows (Python: what `submit()` takes).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be submitted to a thread pool",
    label = "neither a `Send + 'static` closure nor a call that owns its arguments",
    note = "pass a closure `move || ..`, or `name::task(..)` of a `#[pool_task]` function",
    note = "what borrows is submitted inside of `with_pool!(thread(..) as pool => {{ .. }})`"
)]
pub trait ThreadJob {
    /// What running it gives.
    type Output: Send + 'static;

    #[doc(hidden)]
    fn options(&self) -> CallOptions;

    /// The job without its borrows; the outer error is the executor's.
    #[doc(hidden)]
    fn own(self) -> Result<impl FnOnce() -> Result<Self::Output, TaskError> + Send + 'static, TaskError>;
}

impl<F, R> ThreadJob for F
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    type Output = R;

    fn options(&self) -> CallOptions {
        CallOptions::default()
    }
    fn own(self) -> Result<impl FnOnce() -> Result<R, TaskError> + Send + 'static, TaskError> {
        Ok(move || Ok(self()))
    }
}

impl<T: OwnedTask> ThreadJob for Call<'_, T> {
    type Output = T::Output;

    fn options(&self) -> CallOptions {
        self.options
    }
    fn own(self) -> Result<impl FnOnce() -> Result<T::Output, TaskError> + Send + 'static, TaskError> {
        let owned = T::own(self.args)?;
        Ok(move || T::call_owned(owned))
    }
}

/// What every executor takes: calls of process tasks (Python: what can be pickled and called).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a call of a process task",
    label = "cannot run in a worker process",
    note = "annotate a function with `#[pool_task(process)]`, and give `submit` `name::task(..)` and `map` `name::task`",
    note = "closures and thread tasks run on a `ThreadPoolExecutor`"
)]
pub trait ProcessJob: Sized {
    /// What running it gives.
    type Output: Send + 'static;

    #[doc(hidden)]
    fn submit_to(self, at: &'static Location<'static>, start: impl FnOnce(Run<'_>)) -> TaskFuture<Self::Output>;

    #[doc(hidden)]
    fn submit_all_to(
        jobs: impl Iterator<Item = Self>,
        sizing: Sizing,
        at: &'static Location<'static>,
        start: impl FnOnce(RunChunk<'_>),
    ) -> Flight<Self::Output>;
}

impl<T: ProcessTask> ProcessJob for Call<'_, T> {
    type Output = T::Output;

    fn submit_to(self, at: &'static Location<'static>, start: impl FnOnce(Run<'_>)) -> TaskFuture<T::Output> {
        run::submit(self, at, start)
    }

    fn submit_all_to(
        calls: impl Iterator<Item = Self>,
        sizing: Sizing,
        at: &'static Location<'static>,
        start: impl FnOnce(RunChunk<'_>),
    ) -> Flight<T::Output> {
        chunk::submit(calls, sizing, at, start)
    }
}
