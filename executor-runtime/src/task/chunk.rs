//! Several calls of one task on their way into an executor together.
//!
//! A chunk costs one place in the queue and one message, and yet each of its
//! calls has a result of its own: one that fails, or that takes its worker
//! with it, costs only itself.

use std::panic::Location;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::arguments::Arguments;
use super::backlog::Permit;
use super::call::CallOptions;
use super::codec::encode_all;
use super::local::{Local, LocalJob, Places, failed};
use super::outcomes::{Failed, Outcomes};
use super::remote::{Gather, Remote};
use super::remote_job::RemoteJob;
use super::{Call, Home, ProcessTask, Run, panics, run};
use crate::error::TaskError;
use crate::future::{Group, Handle, TaskFuture};

/// What comes of a chunk.
pub struct Results<T> {
    /// The results of its calls, in their order.
    pub(crate) each: Outcomes<T>,
    /// How long all of them took.
    pub(crate) took: Duration,
}

/// Who said how many calls a chunk has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sizing {
    /// The user.
    Asked,
    /// The map, which would not have needed to.
    Automatic,
}

/// Calls that were submitted together.
pub enum Flight<T> {
    /// One call.
    One(TaskFuture<T>),
    /// Each call is a job of its own.
    Each(Vec<TaskFuture<T>>),
    /// All calls are one job.
    Chunk {
        /// Ends when all calls have ended.
        future: TaskFuture<Results<T>>,
        /// How many they are.
        calls: usize,
    },
}

/// Several submitted calls of one process task, for an [`Executor`](crate::Executor) to take in.
///
/// An executor that cannot do better starts them one by one: [`RunChunk::each`]. One that stands before
/// another one passes them on. Calls of a chunk that is dropped end with [`TaskError::PoolShutDown`].
/// (Python: a chunk of `ProcessPoolExecutor.map()`, which has one result.)
///
/// # Examples
///
/// An executor that counts the calls on their way to another one:
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// use executor_runtime::prelude::*;
/// use executor_runtime::{Run, RunChunk};
///
/// struct Counted<E> {
///     inner: E,
///     calls: AtomicUsize,
/// }
///
/// impl<E: Executor> Executor for Counted<E> {
///     fn start(&self, run: Run<'_>) {
///         self.calls.fetch_add(1, Ordering::Relaxed);
///         self.inner.start(run);
///     }
///
///     fn start_chunk(&self, chunk: RunChunk<'_>) {
///         // Each by itself: `self.inner.start_chunk(chunk)` would keep them together.
///         chunk.each(|run| self.start(run));
///     }
///
///     fn shutdown(&self, how: Shutdown) {
///         self.inner.shutdown(how);
///     }
///
///     fn max_workers(&self) -> usize {
///         self.inner.max_workers()
///     }
/// }
///
/// #[pool_task(process)]
/// fn square(n: u64) -> u64 {
///     n * n
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = Counted { inner: ThreadPoolExecutor::new(2)?, calls: AtomicUsize::new(0) };
/// let squares: Vec<u64> = pool.map(square::task, 0..5).chunk_size(2).collect::<Result<_, _>>()?;
/// assert_eq!(squares, [0, 1, 4, 9, 16]);
/// assert_eq!(pool.calls.into_inner(), 5);
/// # Ok(())
/// # }
/// ```
pub struct RunChunk<'a> {
    calls: &'a mut dyn ErasedChunk,
}

impl RunChunk<'_> {
    /// Hands over each call as a [`Run`] of its own, in their order.
    pub fn each(self, mut start: impl FnMut(Run<'_>)) {
        self.calls.each(&mut start);
    }

    /// One job of all calls that runs in this process.
    pub(crate) fn detach_for(self, home: Home, permit: Option<Permit>) -> Option<LocalJob> {
        self.calls.detach(home, permit)
    }

    /// One job of all calls that runs elsewhere; `None` if none of them could be encoded.
    pub(crate) fn encode(self, permit: Option<Permit>) -> Option<RemoteJob> {
        self.calls.encode(permit)
    }

    /// The options of all calls; `None` if they are not the same, and the calls so cannot be one job.
    pub(crate) fn common_options(&self) -> Option<CallOptions> {
        self.calls.common_options()
    }

    /// Who said how many calls there are.
    pub(crate) fn sizing(&self) -> Sizing {
        self.calls.sizing()
    }

    /// Has the jobs count for a scope.
    pub(crate) fn join(&mut self, group: &Arc<Group>) {
        self.calls.join(group);
    }
}

/// [`RunChunk`] without the task's type.
trait ErasedChunk {
    fn each(&mut self, start: &mut dyn FnMut(Run<'_>));
    fn detach(&mut self, home: Home, permit: Option<Permit>) -> Option<LocalJob>;
    fn encode(&mut self, permit: Option<Permit>) -> Option<RemoteJob>;
    fn common_options(&self) -> Option<CallOptions>;
    fn sizing(&self) -> Sizing;
    fn join(&mut self, group: &Arc<Group>);
}

/// [`RunChunk`] with the task's type: lies in the submitter's frame.
struct TypedChunk<'a, T: ProcessTask> {
    /// Of each call.
    args: Vec<T::Args<'a>>,
    /// Of the first call, and so of nearly always all.
    options: CallOptions,
    /// Of each call, if they are not the same.
    each_options: Option<Vec<CallOptions>>,
    sizing: Sizing,
    /// `Some` once the executor took the calls in.
    flight: Option<Flight<T::Output>>,
    group: Option<Arc<Group>>,
    /// Where the calls were submitted.
    at: &'static Location<'static>,
}

/// Hands `calls` to `start`, which is an executor's, and returns the futures that it left behind.
pub(super) fn submit<'a, T: ProcessTask>(
    calls: impl Iterator<Item = Call<'a, T>>,
    sizing: Sizing,
    at: &'static Location<'static>,
    start: impl FnOnce(RunChunk<'_>),
) -> Flight<T::Output> {
    let mut typed = TypedChunk::of(calls, sizing, at);
    start(RunChunk { calls: &mut typed });
    let TypedChunk { args, flight, .. } = typed;
    flight.unwrap_or_else(|| Flight::Each(args.iter().map(|_| failed(TaskError::PoolShutDown, at)).collect()))
}

impl<'a, T: ProcessTask> TypedChunk<'a, T> {
    fn of(calls: impl Iterator<Item = Call<'a, T>>, sizing: Sizing, at: &'static Location<'static>) -> Self {
        let mut args = Vec::with_capacity(calls.size_hint().0);
        let mut calls = calls.peekable();
        let options = calls.peek().map(|call| call.options).unwrap_or_default();
        let mut each_options = None;
        for call in calls {
            if call.options != options && each_options.is_none() {
                each_options = Some(vec![options; args.len()]);
            }
            if let Some(each) = &mut each_options {
                each.push(call.options);
            }
            args.push(call.args);
        }
        Self { args, options, each_options, sizing, flight: None, group: None, at }
    }

    fn places(&self, permit: Option<Permit>) -> Places {
        Places { permit, membership: self.group.as_ref().map(Group::enter) }
    }

    fn enroll<J: Handle + 'static>(&self, job: &Arc<J>) {
        if let Some(group) = &self.group {
            let job: Weak<J> = Arc::downgrade(job);
            group.add(job);
        }
    }
}

impl<T: ProcessTask> ErasedChunk for TypedChunk<'_, T> {
    fn each(&mut self, start: &mut dyn FnMut(Run<'_>)) {
        let (group, at) = (self.group.as_ref(), self.at);
        let options = self.each_options.take().unwrap_or_else(|| vec![self.options; self.args.len()]);
        let calls = self.args.drain(..).zip(options).map(|(args, options)| Call::<T>::with_options(args, options));
        self.flight = Some(Flight::Each(calls.map(|call| run::submit_in(call, group, at, &mut *start)).collect()));
    }

    fn detach(&mut self, home: Home, permit: Option<Permit>) -> Option<LocalJob> {
        let closures: Vec<_> =
            self.args.drain(..).map(|args| T::own(args).map(|owned| move || T::call_owned(owned))).collect();
        let calls = closures.len();
        let job = Local::new(one_after_another(closures, self.at), home, self.places(permit), self.at);
        self.enroll(&job);
        self.flight = Some(Flight::Chunk { future: TaskFuture::new(Arc::<Local<_, _>>::clone(&job)), calls });
        Some(LocalJob::new(job, self.options))
    }

    fn encode(&mut self, permit: Option<Permit>) -> Option<RemoteJob> {
        let args = std::mem::take(&mut self.args);
        let calls = args.len();
        let (row, unsent) = encode_all::<T>(args);
        let Some(arguments) = Arguments::of_chunk(row, calls - unsent.len()) else {
            let futures = unsent.into_iter().map(|(_, error)| failed(error, self.at));
            self.flight = Some(Flight::Each(futures.collect()));
            return None;
        };
        let answers = Answers { unsent, at: self.at };
        let job = Remote::<T, _>::new(arguments, self.options, self.places(permit), answers, self.at);
        self.enroll(&job);
        self.flight = Some(Flight::Chunk { future: TaskFuture::new(Arc::<Remote<T, _>>::clone(&job)), calls });
        Some(RemoteJob::new(job, self.options, true))
    }

    fn common_options(&self) -> Option<CallOptions> {
        self.each_options.is_none().then_some(self.options)
    }

    fn sizing(&self) -> Sizing {
        self.sizing
    }

    fn join(&mut self, group: &Arc<Group>) {
        self.group = Some(Arc::clone(group));
    }
}

/// Runs closures one after another, each with a result of its own. What one of them owned is gone before the next.
pub(crate) fn one_after_another<T, F>(
    closures: Vec<Result<F, TaskError>>,
    at: &'static Location<'static>,
) -> impl FnOnce() -> Result<Results<T>, TaskError>
where
    F: FnOnce() -> Result<T, TaskError>,
{
    move || {
        let began = Instant::now();
        let mut each = Outcomes::with_capacity(closures.len());
        let mut closures = closures.into_iter();
        // One that panics takes the loop along, and has no result yet: one look for panics serves all that do not.
        while closures.len() > 0 {
            let caught = panics::catch(|| {
                for closure in closures.by_ref() {
                    panics::forget_notes();
                    each.push(closure.and_then(|closure| closure()));
                }
            });
            if let Err(error) = caught {
                each.push(Err(error));
            }
        }
        each.place(at);
        Ok(Results { each, took: began.elapsed() })
    }
}

/// How the answers to a chunk's calls become its value.
struct Answers {
    /// Calls that were never sent, by their place in the chunk.
    unsent: Failed,
    /// Where the calls were submitted.
    at: &'static Location<'static>,
}

impl<T: Send + 'static> Gather<T> for Answers {
    type Value = Results<T>;

    fn one(&mut self, _: Result<T, TaskError>) -> Result<Results<T>, TaskError> {
        unreachable!("the answers to a chunk's calls come together")
    }

    fn cancelled(&self) -> Option<TaskError> {
        None
    }

    fn all(&mut self, mut each: Outcomes<T>, took: Duration) -> Result<Results<T>, TaskError> {
        each.put_in(std::mem::take(&mut self.unsent));
        each.place(self.at);
        Ok(Results { each, took })
    }
}
