//! A job that runs elsewhere: a name, the encoded arguments, and the core that
//! waits for the encoded answers. It is one call, or a chunk of several calls
//! of one task, each with an answer of its own.

use std::marker::PhantomData;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::arguments::Arguments;
use super::backlog::Permit;
use super::call::CallOptions;
use super::codec::CodecError;
use super::local::Places;
use super::outcomes::{Failed, Outcomes};
use super::registry::WireId;
use super::{Coded, Decoder, ProcessTask, Seat, panics, row};
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

    /// Ends a claimed chunk of so many calls. The values of those that have not failed are in a row.
    fn finish_all(&self, calls: usize, values: &[u8], failed: Failed, seat: Seat<'_>);
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

/// How the answers to a job's calls become its value.
pub(crate) trait Gather<T>: Send + 'static {
    /// The job's value.
    type Value: Send + 'static;

    /// The calls of a chunk begin to run.
    fn begin(&mut self) {}

    /// Takes in the answer to a single call.
    fn one(&mut self, answer: Result<T, TaskError>) -> Result<Self::Value, TaskError>;

    /// Takes in what came of the calls of a chunk.
    fn all(&mut self, outcomes: Outcomes<T>) -> Result<Self::Value, TaskError>;
}

/// A job of one call: its answer is the value.
pub(crate) struct Single;

impl<T: Send + 'static> Gather<T> for Single {
    type Value = T;

    fn one(&mut self, answer: Result<T, TaskError>) -> Result<T, TaskError> {
        answer
    }
    fn all(&mut self, _: Outcomes<T>) -> Result<T, TaskError> {
        unreachable!("a single call has one answer")
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

    fn settle(&self, result: Result<G::Value, TaskError>, seat: Seat<'_>) {
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
                if request.arguments.is_chunk() {
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
        let answer = answer.and_then(decode::<T>);
        let result = self.answers.lock().one(answer);
        self.settle(result, seat);
    }

    fn finish_all(&self, calls: usize, values: &[u8], failed: Failed, seat: Seat<'_>) {
        let outcomes = decode_all::<T>(calls, values, failed);
        let result = self.answers.lock().all(outcomes);
        self.settle(result, seat);
    }
}

/// The results of so many calls, from the row of their values. A value's `Deserialize` is user code, and may panic.
fn decode_all<T: ProcessTask>(calls: usize, mut values: &[u8], mut failed: Failed) -> Outcomes<T::Output> {
    let mut outcomes = Outcomes::with_capacity(calls);
    // One that fails takes the loop along: one look for panics serves all that do not.
    while outcomes.len() < calls {
        let coded = panics::catch(|| -> Coded<()> {
            while outcomes.len() < calls {
                if let Some((_, error)) = failed.pop_front_if(|(place, _)| *place == outcomes.len()) {
                    outcomes.push(Err(error));
                    continue;
                }
                let (value, rest) = row::split_first(values).expect("a value was noted for each call that has one");
                values = rest;
                panics::forget_notes();
                outcomes.push(Ok(T::decode_output(&mut Decoder::new(value))?));
            }
            Ok(())
        });
        if let Err(error) = coded.and_then(|coded| coded.map_err(value_error::<T>)) {
            outcomes.push(Err(error));
        }
    }
    outcomes
}

/// The value's `Deserialize` is user code, and may panic.
fn decode<T: ProcessTask>(mut value: Decoder<'_>) -> Result<T::Output, TaskError> {
    panics::catch(|| T::decode_output(&mut value))?.map_err(value_error::<T>)
}

fn value_error<T: ProcessTask>(error: CodecError) -> TaskError {
    error.into_task_error(Payload::Value, T::FULL_NAME)
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
    deaths: u8,
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
    /// So many bytes of the arguments belong to calls that were answered by other workers.
    answered_bytes: usize,
    calls_left: usize,
    /// How often the first call that has no answer has been started.
    attempts: u32,
    options: CallOptions,
    /// It was started before, so that it cannot be taken back any more.
    has_begun: bool,
    /// How many workers have died that it was the next task of.
    deaths: u8,
    /// The values of the first calls of a chunk in a row, until the last answer is there.
    values: Vec<u8>,
    failed: Failed,
}

impl RunningJob {
    fn new(job: Arc<dyn RemoteRun>, request: Request, has_begun: bool) -> Self {
        let Request { arguments, options, permit } = request;
        drop(permit);
        Self {
            name: job.name(),
            id: job.id(),
            calls_left: arguments.calls(),
            job,
            answered_bytes: 0,
            attempts: 1,
            arguments,
            options,
            has_begun,
            deaths: 0,
            values: Vec::new(),
            failed: Failed::new(),
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
        let is_chunk = arguments.is_chunk();
        sent.job.take_in(Request { arguments, options: sent.options, permit: None });
        let mut job = RemoteJob::new(Arc::clone(&sent.job), sent.options, is_chunk);
        job.deaths = sent.deaths;
        job
    }

    /// Whether a worker that has died before it started is an accident: it may have died of reading it.
    pub(crate) fn survives(&mut self) -> bool {
        /// Enough for any accident.
        const MOST_DEATHS: u8 = 3;

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
        &self.arguments.bytes()[self.answered_bytes..]
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
        self.arguments.is_chunk()
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
        self.arguments.aside()
    }

    /// The memory of that, once the arguments are not needed any more: nothing, if the call may run again.
    pub(crate) fn take_aside(&mut self) -> Vec<u8> {
        if self.attempts > self.options.retries { self.arguments.take_aside() } else { Vec::new() }
    }

    /// Ends a job of a single call. `seat` is given back before anybody learns of it.
    pub(crate) fn answer(mut self, answer: Result<Decoder<'_>, TaskError>, seat: Seat<'_>) {
        debug_assert!(!self.is_chunk(), "this would be the answer to one call of several");
        self.calls_left = 0;
        self.job.finish(answer, seat);
    }

    /// Notes that the first call that has no answer has failed, until all have one. No code of the user's runs here.
    pub(crate) fn note_failed(&mut self, error: TaskError) {
        self.failed.push_back((self.calls() - self.calls_left, error));
        self.answered(1);
    }

    /// Keeps the values of the first calls that have no answer, in a row, until all have one. How many they were;
    /// `None` if that is no such row.
    pub(crate) fn note_values(&mut self, values: &[u8]) -> Option<usize> {
        let calls = row::count(values).filter(|calls| self.is_chunk() && *calls <= self.calls_left)?;
        self.values.extend_from_slice(values);
        self.answered(calls);
        Some(calls)
    }

    fn answered(&mut self, calls: usize) {
        self.calls_left -= calls;
        if calls > 0 {
            self.attempts = 1;
        }
    }

    fn calls(&self) -> usize {
        self.arguments.calls()
    }

    /// What was answered need not go to the next worker.
    pub(crate) fn leave_answered(&mut self) {
        if self.is_chunk()
            && let Some(rest) = row::skip(self.arguments.bytes(), self.calls() - self.calls_left)
        {
            self.answered_bytes = self.arguments.bytes().len() - rest.len();
        }
    }

    /// Ends a job whose last answer was noted. `seat` is given back before anybody learns of it.
    pub(crate) fn deliver(&mut self, seat: Seat<'_>) {
        debug_assert_eq!(self.calls_left, 0, "an answer is missing");
        let mut failed = std::mem::take(&mut self.failed);
        if self.is_chunk() {
            self.job.finish_all(self.calls(), &self.values, failed, seat);
        } else if let Some((_, error)) = failed.pop_front() {
            self.job.finish(Err(error), seat);
        }
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
            self.note_failed(error.clone());
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
    use super::super::{Call, Encoder, OwnedTask, Task, chunk};
    use super::*;
    use crate::task::{Flight, Sizing};

    struct Same;

    impl Task for Same {
        type Args<'a> = u8;
        type Output = u8;

        const NAME: &'static str = "same";

        fn call(n: u8) -> u8 {
            n
        }
    }

    impl OwnedTask for Same {
        type Owned = u8;

        fn own(n: u8) -> Result<u8, TaskError> {
            Ok(n)
        }
        fn call_owned(n: u8) -> Result<u8, TaskError> {
            Ok(n)
        }
    }

    impl ProcessTask for Same {
        const ID: WireId = WireId::chosen("same", 0);

        fn encode(n: u8, out: &mut Encoder<'_>) -> Coded<()> {
            out.value(&n)
        }
        fn run(input: &mut Decoder<'_>) -> Coded<u8> {
            input.value()
        }
        fn encode_output(n: u8, out: &mut Encoder<'_>) -> Coded<()> {
            out.value(&n)
        }
        fn decode_output(input: &mut Decoder<'_>) -> Coded<u8> {
            input.value()
        }
    }

    /// There can be millions that wait. With the counts of the `Arc`, and what the queue has of it, a quarter of a kibibyte.
    #[cfg(not(shuttle))]
    #[test]
    fn a_call_that_waits_is_small() {
        assert!(size_of::<Remote<Same>>() <= 192, "{}", size_of::<Remote<Same>>());
        assert!(size_of::<RemoteJob>() <= 24, "{}", size_of::<RemoteJob>());
    }

    /// A chunk of calls with the arguments 0, 1, 2 and so on that has been started, and what will come of it.
    fn started(calls: u8) -> (RunningJob, Flight<u8>) {
        let mut job = None;
        let flight = chunk::submit((0..calls).map(Call::<Same>::new), Sizing::Asked, Location::caller(), |chunk| {
            job = chunk.encode(None);
        });
        (job.and_then(RemoteJob::start).expect("nobody cancelled it"), flight)
    }

    fn values(flight: Flight<u8>) -> Vec<Option<u8>> {
        let Flight::Chunk { future, .. } = flight else { panic!("it was sent") };
        future.result().expect("it was answered").each.into_iter().map(Result::ok).collect()
    }

    #[test]
    fn the_answers_to_a_chunk_may_come_in_any_portions() {
        let (mut job, flight) = started(5);
        assert_eq!(job.note_values(&[1, 10, 1, 11]), Some(2));
        job.note_failed(TaskError::Cancelled);
        assert_eq!(job.note_values(&[]), Some(0));
        assert_eq!(job.calls_left(), 2);
        job.leave_answered();
        assert_eq!(job.arguments(), [1, 3, 1, 4]);
        // This one is no value.
        assert_eq!(job.note_values(&[0, 1, 14]), Some(2));
        job.deliver(Seat::none());
        assert_eq!(values(flight), [Some(10), Some(11), None, None, Some(14)]);
    }

    #[test]
    fn what_is_no_answer_to_the_calls_of_a_chunk_changes_nothing() {
        let (mut job, flight) = started(2);
        for lie in [&[1][..], &[1, 10, 1], &[1, 10, 1, 11, 1, 12], &[255, 255], &[200, 0]] {
            assert_eq!((job.note_values(lie), job.calls_left()), (None, 2), "{lie:?}");
        }
        assert_eq!(job.note_values(&[1, 10, 1, 11]), Some(2));
        job.deliver(Seat::none());
        assert_eq!(values(flight), [Some(10), Some(11)]);
    }
}
