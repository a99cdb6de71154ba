//! Several calls of one task on their way into an executor together.
//!
//! A chunk costs one place in the queue and one message, and yet each of its
//! calls has a result of its own: one that fails, or that takes its worker
//! with it, costs only itself.

use std::collections::VecDeque;
use std::panic::Location;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::backlog::Permit;
use super::call::CallOptions;
use super::codec::encode_into;
use super::local::{Local, LocalJob, Places, failed};
use super::remote::{Arguments, Gather, Remote, RemoteJob};
use super::{Call, Encoder, Home, ProcessTask, Run, panics, run};
use crate::error::TaskError;
use crate::future::{Group, Handle, TaskFuture};

/// What comes of a chunk.
pub struct Results<T> {
    /// The results of its calls, in their order.
    pub(crate) each: Vec<Result<T, TaskError>>,
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
    calls: Vec<Call<'a, T>>,
    sizing: Sizing,
    /// `Some` once the executor took the calls in.
    flight: Option<Flight<T::Output>>,
    group: Option<Arc<Group>>,
    /// Where the calls were submitted.
    at: &'static Location<'static>,
}

/// Hands `calls` to `start`, which is an executor's, and returns the futures that it left behind.
pub(super) fn submit<T: ProcessTask>(
    calls: Vec<Call<'_, T>>,
    sizing: Sizing,
    at: &'static Location<'static>,
    start: impl FnOnce(RunChunk<'_>),
) -> Flight<T::Output> {
    let mut typed = TypedChunk { calls, sizing, flight: None, group: None, at };
    start(RunChunk { calls: &mut typed });
    let TypedChunk { calls, flight, .. } = typed;
    flight.unwrap_or_else(|| Flight::Each(calls.iter().map(|_| failed(TaskError::PoolShutDown, at)).collect()))
}

impl<T: ProcessTask> TypedChunk<'_, T> {
    fn places(&self, permit: Option<Permit>) -> Places {
        Places { permit, membership: self.group.as_ref().map(Group::enter) }
    }

    /// The options of a chunk whose calls all have the same.
    fn first_options(&self) -> CallOptions {
        self.calls.first().map(|call| call.options).unwrap_or_default()
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
        let calls = self.calls.drain(..);
        self.flight = Some(Flight::Each(calls.map(|call| run::submit_in(call, group, at, &mut *start)).collect()));
    }

    fn detach(&mut self, home: Home, permit: Option<Permit>) -> Option<LocalJob> {
        let options = self.first_options();
        let closures: Vec<_> =
            self.calls.drain(..).map(|call| T::own(call.args).map(|owned| move || T::call_owned(owned))).collect();
        let calls = closures.len();
        let job = Local::new(one_after_another(closures, self.at), home, self.places(permit), self.at);
        self.enroll(&job);
        self.flight = Some(Flight::Chunk { future: TaskFuture::new(Arc::<Local<_, _>>::clone(&job)), calls });
        Some(LocalJob::new(job, options))
    }

    fn encode(&mut self, permit: Option<Permit>) -> Option<RemoteJob> {
        let options = self.first_options();
        let mut arguments = Arguments::default();
        let calls = self.calls.len();
        let mut answers = Answers::new(calls, self.at);
        for (number, call) in self.calls.drain(..).enumerate() {
            if let Err(error) = arguments.add(|out| encode_into::<T>(call.args, Encoder::new(out))) {
                answers.unsent.push_back((number, error));
            }
        }
        if arguments.chunk.is_none() {
            let futures = answers.unsent.into_iter().map(|(_, error)| failed(error, self.at));
            self.flight = Some(Flight::Each(futures.collect()));
            return None;
        }
        let job = Remote::<T, _>::new(arguments, options, self.places(permit), answers, self.at);
        self.enroll(&job);
        self.flight = Some(Flight::Chunk { future: TaskFuture::new(Arc::<Remote<T, _>>::clone(&job)), calls });
        Some(RemoteJob::new(job, options, true))
    }

    fn common_options(&self) -> Option<CallOptions> {
        let first = self.first_options();
        self.calls.iter().all(|call| call.options == first).then_some(first)
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
        let mut each = Vec::with_capacity(closures.len());
        let mut closures = closures.into_iter();
        // One that panics takes the loop along, and has no result yet: one look for panics serves all that do not.
        while closures.len() > 0 {
            let caught = panics::catch(|| {
                for closure in closures.by_ref() {
                    panics::forget_notes();
                    each.push(placed(closure.and_then(|closure| closure()), at));
                }
            });
            each.extend(caught.err().map(|error| placed(Err(error), at)));
        }
        Ok(Results { each, took: began.elapsed() })
    }
}

/// Tells the report of a panic where the chunk was submitted.
fn placed<T>(mut result: Result<T, TaskError>, at: &'static Location<'static>) -> Result<T, TaskError> {
    if let Err(error) = &mut result {
        error.place(at);
    }
    result
}

/// The answers to a chunk's calls as they come.
struct Answers<T> {
    each: Vec<Result<T, TaskError>>,
    /// Calls that were never sent, by their place in the chunk.
    unsent: VecDeque<(usize, TaskError)>,
    /// When the chunk was started.
    began: Option<Instant>,
    /// Where the calls were submitted.
    at: &'static Location<'static>,
}

impl<T> Answers<T> {
    /// None yet of so many calls.
    fn new(calls: usize, at: &'static Location<'static>) -> Self {
        Self { each: Vec::with_capacity(calls), unsent: VecDeque::new(), began: None, at }
    }

    /// Puts in those that were never sent and are next.
    fn fill(&mut self) {
        while let Some((_, error)) = self.unsent.pop_front_if(|(place, _)| *place == self.each.len()) {
            self.each.push(placed(Err(error), self.at));
        }
    }
}

impl<T: Send + 'static> Gather<T> for Answers<T> {
    type Value = Results<T>;

    fn begin(&mut self) {
        self.began = Some(Instant::now());
    }

    fn part(&mut self, answer: Result<T, TaskError>) {
        self.fill();
        self.each.push(placed(answer, self.at));
    }

    fn last(&mut self, answer: Result<T, TaskError>) -> Result<Results<T>, TaskError> {
        self.part(answer);
        self.fill();
        let took = self.began.map_or(Duration::MAX, |began| began.elapsed());
        Ok(Results { each: std::mem::take(&mut self.each), took })
    }
}
