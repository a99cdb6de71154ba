//! A job that runs elsewhere: a name, the encoded arguments, and the core that
//! waits for the encoded answers. It is one call, or a chunk of several calls
//! of one task, each with an answer of its own.

use std::marker::PhantomData;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::backlog::Permit;
use super::call::CallOptions;
use super::local::Places;
use super::registry::WireId;
use super::{Decoder, ProcessTask, Seat, panics};
use crate::error::{Payload, TaskError};
use crate::future::{Core, Handle, Membership, Source, Status};
use crate::sync::Mutex;

/// A job as a process pool's queue holds it.
pub(crate) trait RemoteRun: Handle {
    fn name(&self) -> &'static str;

    fn version(&self) -> u32;

    fn id(&self) -> WireId;

    /// Claims the job; `None` if it was cancelled.
    fn claim(&self) -> Option<Request>;

    /// Ends one call of a claimed job, and not the last, with the bytes of its value, or with an error.
    fn part(&self, answer: Result<&[u8], TaskError>);

    /// Ends the last call of a claimed job, and so the job.
    fn finish(&self, answer: Result<&[u8], TaskError>, seat: Seat<'_>);
}

/// What goes to the worker.
pub(crate) struct Request {
    pub(crate) arguments: Arguments,
    pub(crate) options: CallOptions,
    /// Given back when the job is claimed or refused.
    pub(crate) permit: Option<Permit>,
}

/// The encoded arguments of a job.
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) bytes: Vec<u8>,
    /// How many calls they are for; `None` for a single one, which is not preceded by its length.
    pub(crate) chunk: Option<usize>,
}

/// The length of a call's arguments, before them in a chunk.
const LEN_BYTES: usize = size_of::<u64>();

impl Arguments {
    /// Appends the arguments of one call of a chunk, which `encode` writes.
    pub(crate) fn add(&mut self, encode: impl FnOnce(&mut Vec<u8>) -> Result<(), TaskError>) -> Result<(), TaskError> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; LEN_BYTES]);
        if let Err(error) = encode(&mut self.bytes) {
            self.bytes.truncate(start);
            return Err(error);
        }
        let (_, added) = self.bytes.split_at_mut(start);
        let (len, arguments) = added.split_at_mut(LEN_BYTES);
        len.copy_from_slice(&(arguments.len() as u64).to_le_bytes());
        *self.chunk.get_or_insert(0) += 1;
        Ok(())
    }
}

/// Takes the arguments of the first call off those of a chunk.
pub(crate) fn split_first_call(chunk: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = chunk.split_first_chunk::<LEN_BYTES>()?;
    rest.split_at_checked(usize::try_from(u64::from_le_bytes(*len)).ok()?)
}

/// How the answers to a job's calls become its value.
pub(crate) trait Gather<T>: Send + 'static {
    /// The job's value.
    type Value: Send + 'static;

    /// Takes in an answer that is not the last.
    fn part(&mut self, answer: Result<T, TaskError>);

    /// Takes in the last one.
    fn last(&mut self, answer: Result<T, TaskError>) -> Result<Self::Value, TaskError>;
}

/// A job of one call: its answer is the value.
pub(crate) struct Single;

impl<T: Send + 'static> Gather<T> for Single {
    type Value = T;

    fn part(&mut self, _: Result<T, TaskError>) {
        unreachable!("a single call has one answer, which is the last");
    }
    fn last(&mut self, answer: Result<T, TaskError>) -> Result<T, TaskError> {
        answer
    }
}

/// See the module.
pub(crate) struct Remote<T: ProcessTask, G: Gather<T::Output> = Single> {
    core: Core<G::Value>,
    /// `None` once the job is claimed or refused.
    request: Mutex<Option<Request>>,
    answers: Mutex<G>,
    /// Dropped after the core is settled: until then the job counts for its scope.
    membership: Mutex<Option<Membership>>,
    task: PhantomData<fn() -> T>,
}

impl<T: ProcessTask, G: Gather<T::Output>> Remote<T, G> {
    /// `at` is where the job was submitted.
    pub(crate) fn new(
        arguments: Arguments,
        options: CallOptions,
        places: Places,
        answers: G,
        at: &'static Location<'static>,
    ) -> Arc<Self> {
        let Places { permit, membership } = places;
        Arc::new(Self {
            core: Core::new(at),
            request: Mutex::new(Some(Request { arguments, options, permit })),
            answers: Mutex::new(answers),
            membership: Mutex::new(membership),
            task: PhantomData,
        })
    }

    fn take_request(&self) -> Option<Request> {
        self.request.lock().take()
    }

    fn leave_scope(&self) {
        let membership = self.membership.lock().take();
        drop(membership);
    }
}

impl<T: ProcessTask, G: Gather<T::Output>> Handle for Remote<T, G> {
    fn refuse(&self, error: TaskError) -> bool {
        let refused = self.core.refuse(error, || drop(self.take_request()));
        if refused {
            self.leave_scope();
        }
        refused
    }

    fn status(&self) -> &dyn Status {
        &self.core
    }

    /// Nothing to do: no thread of this process can stand in for a worker process.
    fn help(&self) {}
}

impl<T: ProcessTask, G: Gather<T::Output>> Source<G::Value> for Remote<T, G> {
    fn core(&self) -> &Core<G::Value> {
        &self.core
    }
}

impl<T: ProcessTask, G: Gather<T::Output>> RemoteRun for Remote<T, G> {
    fn name(&self) -> &'static str {
        T::FULL_NAME
    }

    fn version(&self) -> u32 {
        T::VERSION
    }

    fn id(&self) -> WireId {
        T::ID
    }

    fn claim(&self) -> Option<Request> {
        self.core.begin().then(|| self.take_request().expect("a job is claimed once"))
    }

    fn part(&self, answer: Result<&[u8], TaskError>) {
        let answer = answer.and_then(decode::<T>);
        self.answers.lock().part(answer);
    }

    fn finish(&self, answer: Result<&[u8], TaskError>, seat: Seat<'_>) {
        let answer = answer.and_then(decode::<T>);
        let result = self.answers.lock().last(answer);
        self.core.settle(result, || drop(seat));
        self.leave_scope();
    }
}

/// The value's `Deserialize` is user code, and may panic.
fn decode<T: ProcessTask>(bytes: &[u8]) -> Result<T::Output, TaskError> {
    panics::catch(|| T::decode_output(&mut Decoder::new(bytes)))?
        .map_err(|error| error.into_task_error(Payload::Value, T::FULL_NAME))
}

/// A job for an executor that runs tasks elsewhere: what [`Run::encode`](super::Run::encode) gives.
///
/// The task's name and its encoded arguments go wherever the executor runs tasks; the encoded value, or why
/// there is none, comes back through [`RunningJob::finish`]. Dropping it unstarted ends its future with
/// [`TaskError::PoolShutDown`]. (Python: the `_CallItem` of its process pool.)
///
/// # Cancellation
///
/// A job whose future was cancelled is a shell: its arguments are gone, and it cannot be started.
///
/// # Examples
///
/// An executor that lets another hand do the work:
///
/// ```
/// use std::sync::Mutex;
///
/// use executor_runtime::prelude::*;
/// use executor_runtime::{RemoteJob, Run};
///
/// #[derive(Default)]
/// struct Outbox(Mutex<Vec<RemoteJob>>);
///
/// impl Executor for Outbox {
///     fn start(&self, run: Run<'_>) {
///         self.0.lock().expect("nobody panics").extend(run.encode());
///     }
///
///     fn shutdown(&self, _: Shutdown) {}
/// }
///
/// #[pool_task(process, name = "double")]
/// fn double(n: u8) -> u8 {
///     2 * n
/// }
///
/// # fn main() -> Result<(), TaskError> {
/// let outbox = Outbox::default();
/// let future = outbox.submit(double::task(21));
/// let job = outbox.0.lock().expect("nobody panics").pop().expect("the call");
/// let job = job.start().expect("nobody cancelled it");
/// assert_eq!((job.name(), job.arguments()), ("double", [21].as_slice()));
/// job.finish(Ok(&[42]));
/// assert_eq!(future.result()?, 42);
/// # Ok(())
/// # }
/// ```
pub struct RemoteJob {
    job: Arc<dyn RemoteRun>,
    priority: i32,
}

impl RemoteJob {
    pub(crate) fn new(job: Arc<dyn RemoteRun>, options: CallOptions) -> Self {
        Self { job, priority: options.priority }
    }

    /// The name of the task. Only one that was chosen with `name = ".."` is the program's only one of that name.
    pub fn name(&self) -> &'static str {
        self.job.name()
    }

    /// What `version = n` says of the task, by default 0. Together with a name that was chosen it is the task's
    /// identity in a program that others may have another version of.
    pub fn version(&self) -> u32 {
        self.job.version()
    }

    /// Which of the waiting jobs is to start first: see [`Call::priority`](super::Call::priority).
    pub fn priority(&self) -> i32 {
        self.priority
    }

    /// Claims the job for running; `None` if it was cancelled (Python: `Future.set_running_or_notify_cancel()`).
    /// From here on it cannot be cancelled.
    pub fn start(self) -> Option<RunningJob> {
        let Request { arguments, options, permit } = self.job.claim()?;
        drop(permit);
        Some(RunningJob {
            name: self.job.name(),
            id: self.job.id(),
            calls_left: arguments.chunk.unwrap_or(1),
            job: Arc::clone(&self.job),
            answered_bytes: 0,
            attempts: 1,
            arguments,
            options,
        })
    }

    /// Ends the job with `error` if it has not started; whether it had not.
    ///
    /// With [`TaskError::Cancelled`] it is a cancellation. Callbacks run in the calling thread.
    pub fn refuse(&self, error: TaskError) -> bool {
        self.job.refuse(error)
    }

    /// Whether it has ended, as it may by being cancelled.
    pub(crate) fn is_over(&self) -> bool {
        self.job.status().state().is_done()
    }
}

impl Drop for RemoteJob {
    fn drop(&mut self) {
        // Without effect on a job that has started.
        self.refuse(TaskError::PoolShutDown);
    }
}

/// A remote job that has started: what [`RemoteJob::start`] gives. Dropping it unfinished ends its future with
/// [`TaskError::PoolShutDown`].
pub struct RunningJob {
    job: Arc<dyn RemoteRun>,
    name: &'static str,
    id: WireId,
    arguments: Arguments,
    /// So many bytes of the arguments belong to calls that have been answered.
    answered_bytes: usize,
    calls_left: usize,
    /// How often the first call that has no answer has been started.
    attempts: u32,
    options: CallOptions,
}

impl RunningJob {
    /// The name of the task.
    pub fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn id(&self) -> WireId {
        self.id
    }

    /// What `version = n` says of the task: see [`RemoteJob::version`].
    pub fn version(&self) -> u32 {
        self.job.version()
    }

    /// The encoded arguments, one after the other in the format of the crate `postcard`.
    pub fn arguments(&self) -> &[u8] {
        &self.arguments.bytes[self.answered_bytes..]
    }

    /// How long the task may run, from now; `None` if its [call](super::Call::timeout) does not say.
    pub fn limit(&self) -> Option<Duration> {
        self.options.limit
    }

    /// How often the task may be run again if it is lost: see [`Call::retries`](super::Call::retries).
    pub fn retries(&self) -> u32 {
        self.options.retries
    }

    /// Ends the job with the encoded value, or with why there is none (Python: `Future.set_result()`,
    /// `set_exception()`). Callbacks run in the calling thread.
    ///
    /// # Errors
    ///
    /// The future's: `answer`'s, or [`TaskError::Decode`] if the bytes are no value of the task's type. They may come
    /// from anywhere.
    ///
    /// # Panics
    ///
    /// Never: a panic of the value's `Deserialize` is the future's error, one of a callback goes no further.
    pub fn finish(mut self, answer: Result<&[u8], TaskError>) {
        self.answer(answer, &mut Seat::none());
    }

    /// Whether each call's arguments are preceded by their length.
    pub(crate) fn is_chunk(&self) -> bool {
        self.arguments.chunk.is_some()
    }

    /// How many calls have no answer yet. Their arguments are what [`RunningJob::arguments`] gives.
    pub(crate) fn calls_left(&self) -> usize {
        self.calls_left
    }

    /// How often the first call that has no answer has been started.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Whether the first call that has no answer, which was lost, is to run again.
    pub(crate) fn retry(&mut self) -> bool {
        let again = self.attempts <= self.options.retries;
        self.attempts += u32::from(again);
        again
    }

    /// Ends the first call that has no answer. With the last one `seat` is given back.
    pub(crate) fn answer(&mut self, answer: Result<&[u8], TaskError>, seat: &mut Seat<'_>) {
        self.calls_left -= 1;
        self.attempts = 1;
        if self.calls_left == 0 {
            self.job.finish(answer, std::mem::take(seat));
        } else {
            if let Some((_, rest)) = split_first_call(self.arguments()) {
                self.answered_bytes = self.arguments.bytes.len() - rest.len();
            }
            self.job.part(answer);
        }
    }

    /// Ends all calls that have no answer in the same way.
    pub(crate) fn fail(mut self, error: &TaskError, seat: &mut Seat<'_>) {
        while self.calls_left > 0 {
            self.answer(Err(error.clone()), seat);
        }
    }
}

impl Drop for RunningJob {
    fn drop(&mut self) {
        while self.calls_left > 0 {
            self.answer(Err(TaskError::PoolShutDown), &mut Seat::none());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_come_off_a_chunk_as_they_were_added() {
        let mut arguments = Arguments::default();
        for call in [b"".as_slice(), b"x", &[7; 300]] {
            arguments
                .add(|out| {
                    out.extend_from_slice(call);
                    Ok(())
                })
                .expect("encoded");
        }
        arguments
            .add(|out| {
                out.push(1);
                Err(TaskError::Cancelled)
            })
            .expect_err("refused");
        assert_eq!(arguments.chunk, Some(3));
        let (first, rest) = split_first_call(&arguments.bytes).expect("the first");
        let (second, rest) = split_first_call(rest).expect("the second");
        let (third, rest) = split_first_call(rest).expect("the third");
        assert_eq!(
            (first, second, third, rest),
            (b"".as_slice(), b"x".as_slice(), [7; 300].as_slice(), b"".as_slice())
        );
        assert_eq!(split_first_call(&[5, 0, 0, 0, 0, 0, 0, 0, 1]), None, "cut short");
    }
}
