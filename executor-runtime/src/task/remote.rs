//! A job that runs elsewhere: a name, the encoded arguments, and the core that
//! waits for the encoded answers. It is one call, or a chunk of several calls
//! of one task, each with an answer of its own.

use std::collections::VecDeque;
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

    /// Gives the job to a worker, under a number of the carrier's; `None` if it was cancelled. It has not started
    /// before the worker says so.
    fn send(&self, carrier: &Arc<dyn Carrier>, number: u32) -> Option<Request>;

    /// Takes the request of a job back in that was sent and has been taken back. Nothing, if it was cancelled.
    fn take_in(&self, request: Request);

    /// Says that a job that was sent has started, if nobody has.
    fn begin(&self);

    /// Ends a claimed job of a single call with its encoded value, or with an error.
    fn finish(&self, answer: Result<Decoder<'_>, TaskError>, seat: Seat<'_>);

    /// Ends a claimed job of so many calls. `errors` are for those without a value, by their number.
    fn finish_all(&self, calls: usize, values: &[u8], errors: VecDeque<(usize, TaskError)>, seat: Seat<'_>);
}

/// Who carries jobs to a worker, and its answers back.
pub(crate) trait Carrier: Send + Sync {
    /// Takes a job back that was sent, so that it will not start; false if it has.
    fn take_back(&self, number: u32) -> bool;

    /// Whether a job that was sent has started.
    fn has_started(&self, number: u32) -> bool;

    /// Looks for the answer to a job for a moment, if that is the next to come and nobody else does.
    fn lead(&self, number: u32);
}

/// Where the request of a job is.
enum Place {
    /// It waits.
    Here(Request),
    /// It was sent and may have started.
    Sent { carrier: Arc<dyn Carrier>, number: u32 },
    /// The job has started, for sure, or is over.
    Gone,
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
    /// What goes out of band.
    pub(crate) aside: Vec<u8>,
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

    /// The calls of a chunk begin to run.
    fn begin(&mut self) {}

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
    place: Mutex<Place>,
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
            place: Mutex::new(Place::Here(Request { arguments, options, permit })),
            answers: Mutex::new(answers),
            membership: Mutex::new(membership),
            task: PhantomData,
        })
    }

    /// To be dropped outside of the lock.
    fn leave_place(&self) -> Place {
        std::mem::replace(&mut self.place.lock(), Place::Gone)
    }

    /// Whoever carries the job, and its number there.
    fn carrier(&self) -> Option<(Arc<dyn Carrier>, u32)> {
        match &*self.place.lock() {
            Place::Sent { carrier, number } => Some((Arc::clone(carrier), *number)),
            Place::Here(_) | Place::Gone => None,
        }
    }

    /// Learns whether a job that was sent has started.
    fn look(&self) {
        if let Some((carrier, number)) = self.carrier()
            && carrier.has_started(number)
        {
            self.core.begin();
        }
    }

    /// Takes in the last answer, and ends the job.
    fn settle(&self, answer: Result<T::Output, TaskError>, seat: Seat<'_>) {
        let result = self.answers.lock().last(answer);
        drop(self.leave_place());
        self.core.settle(result, || drop(seat));
        self.leave_scope();
    }

    fn leave_scope(&self) {
        let membership = self.membership.lock().take();
        drop(membership);
    }
}

impl<T: ProcessTask, G: Gather<T::Output>> Handle for Remote<T, G> {
    fn refuse(&self, error: TaskError) -> bool {
        // Under the lock: else it could have been taken back and sent once more, under another number.
        if let Place::Sent { carrier, number } = &*self.place.lock()
            && !carrier.take_back(*number)
        {
            self.core.begin();
            return false;
        }
        let refused = self.core.refuse(error, || drop(self.leave_place()));
        if refused {
            self.leave_scope();
        }
        refused
    }

    fn status(&self) -> &dyn Status {
        self.look();
        &self.core
    }

    /// No thread of this process can stand in for a worker process, but it can read the answer.
    fn help(&self) {
        if let Some((carrier, number)) = self.carrier() {
            carrier.lead(number);
        }
    }
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
        if !self.core.begin() {
            return None;
        }
        match self.leave_place() {
            Place::Here(request) => Some(request),
            Place::Sent { .. } | Place::Gone => unreachable!("a job is claimed once"),
        }
    }

    fn send(&self, carrier: &Arc<dyn Carrier>, number: u32) -> Option<Request> {
        let mut place = self.place.lock();
        match std::mem::replace(&mut *place, Place::Gone) {
            Place::Here(request) => {
                *place = Place::Sent { carrier: Arc::clone(carrier), number };
                drop(place);
                if request.arguments.chunk.is_some() {
                    self.answers.lock().begin();
                }
                Some(request)
            }
            Place::Sent { .. } => unreachable!("a job is sent by one worker at a time"),
            Place::Gone => None,
        }
    }

    fn take_in(&self, request: Request) {
        let mut place = self.place.lock();
        let left = match &*place {
            Place::Sent { .. } => (std::mem::replace(&mut *place, Place::Here(request)), None),
            Place::Here(_) | Place::Gone => (Place::Gone, Some(request)),
        };
        drop(place);
        drop(left);
    }

    fn begin(&self) {
        self.core.begin();
        drop(self.leave_place());
    }

    fn finish(&self, answer: Result<Decoder<'_>, TaskError>, seat: Seat<'_>) {
        // The value's `Deserialize` is user code, and may panic.
        let decode = |value| panics::catch(|| decoded::<T>(value)).flatten();
        self.settle(answer.and_then(decode), seat);
    }

    fn finish_all(&self, calls: usize, values: &[u8], errors: VecDeque<(usize, TaskError)>, seat: Seat<'_>) {
        let mut answers = Answers { calls, next: 0, values, errors };
        let mut last = None;
        // A panic ends the loop, and is the error of the value that was being read: then it goes on with the next.
        while answers.next < calls {
            let caught = panics::catch(|| {
                for answer in answers.by_ref() {
                    let answer = answer.and_then(|bytes| decoded::<T>(Decoder::new(bytes)));
                    if let Some(before) = last.replace(answer) {
                        self.answers.lock().part(before);
                    }
                }
            });
            if let Err(error) = caught
                && let Some(before) = last.replace(Err(error))
            {
                self.answers.lock().part(before);
            }
        }
        self.settle(last.unwrap_or(Err(TaskError::PoolShutDown)), seat);
    }
}

/// The answers to a chunk's calls, in their order.
struct Answers<'a> {
    calls: usize,
    next: usize,
    values: &'a [u8],
    errors: VecDeque<(usize, TaskError)>,
}

impl<'a> Iterator for Answers<'a> {
    type Item = Result<&'a [u8], TaskError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next == self.calls {
            return None;
        }
        let error = self.errors.pop_front_if(|(place, _)| *place == self.next);
        self.next += 1;
        if let Some((_, error)) = error {
            return Some(Err(error));
        }
        let (value, rest) = split_first_call(self.values).expect("a value was noted for each call without an error");
        self.values = rest;
        Some(Ok(value))
    }
}

fn decoded<T: ProcessTask>(mut value: Decoder<'_>) -> Result<T::Output, TaskError> {
    T::decode_output(&mut value).map_err(|error| error.into_task_error(Payload::Value, T::FULL_NAME))
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
    /// It is of several calls.
    is_chunk: bool,
    /// A worker has it.
    is_sent: bool,
    /// How many workers have died that it was the next task of.
    deaths: u32,
}

impl RemoteJob {
    pub(crate) fn new(job: Arc<dyn RemoteRun>, options: CallOptions, is_chunk: bool) -> Self {
        Self { job, priority: options.priority, is_chunk, is_sent: false, deaths: 0 }
    }

    pub(crate) fn is_chunk(&self) -> bool {
        self.is_chunk
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
        self.job.claim().map(|request| RunningJob::new(Arc::clone(&self.job), request, true))
    }

    /// Gives the job to a worker, under a number of the carrier's; `None` if it was cancelled.
    pub(crate) fn send(mut self, carrier: &Arc<dyn Carrier>, number: u32) -> Option<RunningJob> {
        let request = self.job.send(carrier, number)?;
        self.is_sent = true;
        let mut job = RunningJob::new(Arc::clone(&self.job), request, false);
        job.deaths = self.deaths;
        Some(job)
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
        if !self.is_sent {
            self.refuse(TaskError::PoolShutDown);
        }
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
    /// It was started before, so that it cannot be taken back any more.
    has_begun: bool,
    /// How many workers have died that it was the next task of.
    deaths: u32,
    /// The answers to the first calls of a chunk, each value after its length, until the last is there.
    values: Vec<u8>,
    /// Those of them that have no value, by their number, and why.
    errors: VecDeque<(usize, TaskError)>,
}

impl RunningJob {
    fn new(job: Arc<dyn RemoteRun>, request: Request, has_begun: bool) -> Self {
        let Request { arguments, options, permit } = request;
        drop(permit);
        Self {
            name: job.name(),
            id: job.id(),
            calls_left: arguments.chunk.unwrap_or(1),
            job,
            answered_bytes: 0,
            attempts: 1,
            arguments,
            options,
            has_begun,
            deaths: 0,
            values: Vec::new(),
            errors: VecDeque::new(),
        }
    }

    /// Whether it can still be taken back.
    pub(crate) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Its worker has started it, and that cannot be undone.
    pub(crate) fn begin(&mut self) {
        if !self.has_begun {
            self.has_begun = true;
            self.job.begin();
        }
    }

    /// Makes a job of it that waits: it was taken back before it started.
    pub(crate) fn take_back(self) -> RemoteJob {
        let mut sent = self;
        // Without calls there is nothing left to end.
        sent.calls_left = 0;
        let arguments = std::mem::take(&mut sent.arguments);
        let is_chunk = arguments.chunk.is_some();
        sent.job.take_in(Request { arguments, options: sent.options, permit: None });
        let mut job = RemoteJob::new(Arc::clone(&sent.job), sent.options, is_chunk);
        job.deaths = sent.deaths;
        job
    }

    /// Whether a worker that has died before it started is an accident: it may have died of reading it.
    pub(crate) fn survives(&mut self) -> bool {
        /// Enough for any accident.
        const MOST_DEATHS: u32 = 3;

        self.deaths += 1;
        self.deaths < MOST_DEATHS
    }

    /// It was taken back by somebody else, who ends it.
    pub(crate) fn forget(mut self) {
        self.calls_left = 0;
    }

    /// The job as those see it who may cancel it.
    pub(crate) fn handle(&self) -> Arc<dyn RemoteRun> {
        Arc::clone(&self.job)
    }

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
    pub fn finish(self, answer: Result<&[u8], TaskError>) {
        self.answer(answer.map(Decoder::new), Seat::none());
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

    /// What goes out of band with the arguments.
    pub(crate) fn aside(&self) -> &[u8] {
        &self.arguments.aside
    }

    /// The memory of that, once the arguments are not needed any more: nothing, if the call may run again.
    pub(crate) fn take_aside(&mut self) -> Vec<u8> {
        if self.attempts > self.options.retries { std::mem::take(&mut self.arguments.aside) } else { Vec::new() }
    }

    /// Ends a job of a single call. `seat` is given back before anybody learns of it.
    pub(crate) fn answer(mut self, answer: Result<Decoder<'_>, TaskError>, seat: Seat<'_>) {
        debug_assert!(!self.is_chunk(), "this would be the answer to one call of several");
        self.calls_left = 0;
        self.job.finish(answer, seat);
    }

    /// Keeps the answer to the first call that has none, until all have one. No code of the user's runs here.
    pub(crate) fn note(&mut self, answer: Result<&[u8], TaskError>) {
        let number = self.arguments.chunk.unwrap_or(1) - self.calls_left;
        self.calls_left -= 1;
        self.attempts = 1;
        if self.is_chunk()
            && let Some((_, rest)) = split_first_call(self.arguments())
        {
            self.answered_bytes = self.arguments.bytes.len() - rest.len();
        }
        match answer {
            Ok(value) => {
                self.values.extend_from_slice(&(value.len() as u64).to_le_bytes());
                self.values.extend_from_slice(value);
            }
            Err(error) => self.errors.push_back((number, error)),
        }
    }

    /// Ends a job whose last answer was noted. `seat` is given back before anybody learns of it.
    pub(crate) fn deliver(&mut self, seat: Seat<'_>) {
        debug_assert_eq!(self.calls_left, 0, "an answer is missing");
        let calls = self.arguments.chunk.unwrap_or(1);
        self.job.finish_all(calls, &self.values, std::mem::take(&mut self.errors), seat);
    }

    /// Ends all calls that have no answer in the same way.
    pub(crate) fn fail(mut self, error: &TaskError, seat: Seat<'_>) {
        self.end(error, seat);
    }

    fn end(&mut self, error: &TaskError, seat: Seat<'_>) {
        if self.calls_left == 0 {
            return;
        }
        while self.calls_left > 0 {
            self.note(Err(error.clone()));
        }
        self.deliver(seat);
    }
}

impl Drop for RunningJob {
    fn drop(&mut self) {
        self.end(&TaskError::PoolShutDown, Seat::none());
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
