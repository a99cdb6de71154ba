//! Scopes: submitting through a handle whose end waits for what was submitted.
//!
//! [`Scope`] works on any executor and lends nothing, since its calls are
//! encoded or owned. [`ThreadScope`] lends what outlives it to jobs on threads;
//! the part of it that needs care is `sys::scoped`.

use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::portions::Portion;
use super::thread::chunk_options;
use super::{Executor, ExecutorExt, Map, OnError, Shutdown, ThreadPoolExecutor};
use crate::error::TaskError;
use crate::future::{Group, TaskFuture};
use crate::sys::scoped::Scoped;
use crate::task::{Flight, Job, ProcessJob, Run, RunChunk, one_after_another};

/// A scope on the executor `E`: what is submitted through it has ended when the scope ends (Python has none).
///
/// It is what [`ExecutorExt::scope`] and `with_pool!` lend to their body, and an executor itself: a function that
/// takes any executor takes a scope. It lends nothing to what runs, since calls are encoded or owned.
pub struct Scope<'p, E: ?Sized> {
    executor: &'p E,
    group: Arc<Group>,
}

/// Runs `body` with a scope on `executor` and waits for all of it; see [`ExecutorExt::scope`].
///
/// `end` decides about what has not ended when `body` has, by what that returned; `None`: it panicked.
pub(super) fn enter<E, R>(
    executor: &E,
    end: impl FnOnce(Option<&R>) -> OnError,
    body: impl FnOnce(&Scope<'_, E>) -> R,
) -> R
where
    E: Executor + ?Sized,
{
    let scope = Scope { executor, group: Arc::default() };
    let result = catch_unwind(AssertUnwindSafe(|| body(&scope)));
    let end = end(result.as_ref().ok());
    if end == OnError::Kill {
        executor.shutdown(Shutdown::Abort { grace: Duration::ZERO });
    }
    scope.group.close(end != OnError::Wait);
    result.unwrap_or_else(|panic| resume_unwind(panic))
}

impl<E: Executor + ?Sized> Scope<'_, E> {
    /// Submits one call (Python: `Executor.submit()`): as [`ExecutorExt::submit`], without the trait.
    ///
    /// # Errors
    ///
    /// The future's: see [`ExecutorExt::submit`].
    ///
    /// # Cancellation
    ///
    /// Dropping the future cancels nothing, and the scope waits for the call. One that has not started when the body
    /// panics, or leaves `with_pool!` with an error, is cancelled, unless the option `on_error` says otherwise.
    #[track_caller]
    pub fn submit<J: ProcessJob>(&self, job: J) -> TaskFuture<J::Output> {
        ExecutorExt::submit(self, job)
    }

    /// Submits one call for each item (Python: `Executor.map()`): as [`ExecutorExt::map`], without the trait.
    #[track_caller]
    pub fn map<'s, I, F, J>(&'s self, make: F, items: I) -> Map<'s, I::IntoIter, J::Output>
    where
        I: IntoIterator,
        F: FnMut(I::Item) -> J + 's,
        J: ProcessJob,
    {
        ExecutorExt::map(self, make, items)
    }
}

impl<E: Executor + ?Sized> Executor for Scope<'_, E> {
    fn start(&self, mut run: Run<'_>) {
        run.join(&self.group);
        self.executor.start(run);
    }

    fn start_chunk(&self, mut chunk: RunChunk<'_>) {
        chunk.join(&self.group);
        self.executor.start_chunk(chunk);
    }

    fn __wait_for_room(&self, deadline: Option<Instant>) -> bool {
        self.executor.__wait_for_room(deadline)
    }

    /// Nothing: the executor is not the scope's to close.
    fn shutdown(&self, _: Shutdown) {}

    fn max_workers(&self) -> usize {
        self.executor.max_workers()
    }
}

/// A scope on a thread pool: jobs submitted through it may borrow whatever lives longer than the scope. (Python has
/// none; Rust's own is [`std::thread::scope`].)
///
/// It is what [`ThreadPoolExecutor::scope`] and `with_pool!(thread(..) as pool => ..)` lend to their body.
pub type ThreadScope<'scope, 'env> = Scoped<'scope, 'env, ThreadPoolExecutor>;

impl<'scope> ThreadScope<'scope, '_> {
    /// Submits a closure or a call of any task; it may borrow from outside of the scope
    /// (Python: `Executor.submit()`).
    ///
    /// # Errors
    ///
    /// The future's, as those of [`ThreadPoolExecutor::submit`]; but nothing is encoded here.
    ///
    /// # Cancellation
    ///
    /// Dropping the future cancels nothing, and the scope waits for the job. One that has not started when the body
    /// panics, or leaves `with_pool!` with an error, is cancelled, unless the option `on_error` says otherwise. A
    /// [time limit](crate::Call::timeout) ends the future; the scope waits for the job itself.
    #[track_caller]
    pub fn submit<J>(&'scope self, job: J) -> TaskFuture<J::Output>
    where
        J: Job + Send + 'scope,
        J::Output: Send + 'scope,
    {
        self.submit_at(job, Location::caller())
    }

    /// Submits one job for each item and yields the results in order (Python: `Executor.map()`): see [`Map`].
    #[track_caller]
    pub fn map<I, F, J>(&'scope self, mut make: F, items: I) -> Map<'scope, I::IntoIter, J::Output>
    where
        I: IntoIterator,
        F: FnMut(I::Item) -> J + 'scope,
        J: Job + Send + 'scope,
        J::Output: Send + 'scope,
    {
        let at = Location::caller();
        let room = |deadline| self.pool().pool().wait_for_room(deadline);
        Map::new(items.into_iter(), self.pool().max_workers(), room, move |portion| match portion {
            Portion::One(item) => Flight::One(self.submit_at(make(item), at)),
            Portion::Many(items, _) => self.submit_chunk_at(items.into_iter().map(&mut make).collect(), at),
        })
    }

    fn submit_at<J>(&'scope self, job: J, at: &'static Location<'static>) -> TaskFuture<J::Output>
    where
        J: Job + Send + 'scope,
        J::Output: Send + 'scope,
    {
        let options = job.options();
        let permit = self.pool().pool().admit();
        let (job, future) = self.job(move || Ok::<_, TaskError>(job.run()), options, permit, at);
        self.pool().start_job(job);
        future
    }

    fn submit_chunk_at<J>(&'scope self, jobs: Vec<J>, at: &'static Location<'static>) -> Flight<J::Output>
    where
        J: Job + Send + 'scope,
        J::Output: Send + 'scope,
    {
        let Some(options) = chunk_options(jobs.iter().map(Job::options)) else {
            return Flight::Each(jobs.into_iter().map(|job| self.submit_at(job, at)).collect());
        };
        let calls = jobs.len();
        let closures = jobs.into_iter().map(|job| Ok(move || Ok(job.run()))).collect();
        let (job, future) = self.job(one_after_another(closures, at), options, self.pool().pool().admit(), at);
        self.pool().start_job(job);
        Flight::Chunk { future, calls }
    }
}

impl Executor for ThreadScope<'_, '_> {
    fn start(&self, mut run: Run<'_>) {
        run.join(self.group());
        self.pool().start(run);
    }

    fn start_chunk(&self, mut chunk: RunChunk<'_>) {
        chunk.join(self.group());
        self.pool().start_chunk(chunk);
    }

    fn __wait_for_room(&self, deadline: Option<Instant>) -> bool {
        self.pool().__wait_for_room(deadline)
    }

    /// Nothing: the pool is not the scope's to close.
    fn shutdown(&self, _: Shutdown) {}

    fn max_workers(&self) -> usize {
        self.pool().max_workers()
    }
}
