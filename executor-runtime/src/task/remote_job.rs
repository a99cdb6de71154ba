//! A remote job in the hands of those who carry it: while it waits, and when it has been sent.

use std::sync::Arc;
use std::time::Duration;

use super::arguments::Arguments;
use super::call::CallOptions;
use super::outcomes::Failed;
use super::registry::WireId;
use super::remote::{Carrier, RemoteRun, Request};
use super::{Decoder, Seat, row};
use crate::error::TaskError;
use crate::id::TaskId;

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
    /// A worker has it, or whoever cancels it.
    is_taken: bool,
    /// How many workers have died that it was the next task of.
    deaths: u8,
}

impl RemoteJob {
    pub(crate) fn new(job: Arc<dyn RemoteRun>, options: CallOptions, is_chunk: bool) -> Self {
        Self { job, priority: options.priority, is_chunk, is_taken: false, deaths: 0 }
    }

    pub(crate) fn is_chunk(&self) -> bool {
        self.is_chunk
    }

    /// The length of its arguments.
    pub(crate) fn len_bytes(&self) -> usize {
        self.job.len_bytes()
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
    pub fn start(mut self) -> Option<RunningJob> {
        self.is_taken = true;
        self.job.claim().map(|request| RunningJob::new(Arc::clone(&self.job), request, true))
    }

    /// Gives the job to a worker, under a number of the carrier's; `None` if it was cancelled.
    pub(crate) fn send(mut self, carrier: &Arc<dyn Carrier>, number: u32) -> Option<RunningJob> {
        self.is_taken = true;
        let request = self.job.send(carrier, number)?;
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
        if !self.is_taken {
            self.refuse(TaskError::PoolShutDown);
        }
    }
}

/// A remote job that has started: what [`RemoteJob::start`] gives. Dropping it unfinished ends its future with
/// [`TaskError::PoolShutDown`].
pub struct RunningJob {
    job: Arc<dyn RemoteRun>,
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
    /// The answers to the first calls of a chunk, or why a single call has none, until the last answer is there.
    gathered: Option<Box<Gathered>>,
}

/// Answers that are not told yet. Most jobs are a single call with a value, and never have any.
#[derive(Default)]
struct Gathered {
    /// In a row.
    values: Vec<u8>,
    failed: Failed,
    /// How long the calls ran.
    took: Duration,
}

impl RunningJob {
    fn new(job: Arc<dyn RemoteRun>, request: Request, has_begun: bool) -> Self {
        let Request { arguments, options, permit } = request;
        drop(permit);
        Self {
            id: job.id(),
            calls_left: arguments.calls(),
            job,
            answered_bytes: 0,
            attempts: 1,
            arguments,
            options,
            has_begun,
            deaths: 0,
            gathered: None,
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

    /// Whether it is to be ended while it runs.
    pub(crate) fn is_killed(&self) -> bool {
        self.job.is_killed()
    }

    /// Says that its worker is no more, and that it waits for the next one; false if it was killed.
    pub(crate) fn lose(&mut self) -> bool {
        self.job.lose()
    }

    /// Whether it still waits for the next worker: not if it was killed.
    pub(crate) fn is_lost(&self) -> bool {
        self.job.is_lost()
    }

    /// Says who carries it now that it has to run again; false if it was killed.
    pub(crate) fn send_again(&mut self, carrier: &Arc<dyn Carrier>, number: u32) -> bool {
        self.leave_answered();
        self.job.send_again(carrier, number)
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
        self.job.name()
    }

    pub(crate) fn id(&self) -> WireId {
        self.id
    }

    /// The number of its future.
    pub(crate) fn task_id(&self) -> TaskId {
        self.job.status().id()
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
        let place = self.calls() - self.calls_left;
        self.gathered.get_or_insert_default().failed.push_back((place, error));
        self.answered(1);
    }

    /// Notes that no call that has no answer will get one.
    pub(crate) fn note_all_failed(&mut self, error: &TaskError) {
        while self.calls_left > 0 {
            self.note_failed(error.clone());
        }
    }

    /// Keeps the values of the first calls that have no answer, in a row, until all have one. How many they were;
    /// `None` if that is no such row, or there is no memory for it.
    pub(crate) fn note_values(&mut self, values: &[u8]) -> Option<usize> {
        let calls = row::count(values).filter(|calls| self.is_chunk() && *calls <= self.calls_left)?;
        let gathered = &mut self.gathered.get_or_insert_default().values;
        gathered.try_reserve(values.len()).ok()?;
        gathered.extend_from_slice(values);
        self.answered(calls);
        Some(calls)
    }

    /// Calls of a chunk ran for so long.
    pub(crate) fn note_took(&mut self, took: Duration) {
        if self.is_chunk() {
            let sum = &mut self.gathered.get_or_insert_default().took;
            *sum = sum.saturating_add(took);
        }
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
    fn leave_answered(&mut self) {
        if self.is_chunk()
            && let Some(rest) = row::skip(self.arguments.bytes(), self.calls() - self.calls_left)
        {
            self.answered_bytes = self.arguments.bytes().len() - rest.len();
        }
    }

    /// Ends a job whose last answer was noted. `seat` is given back before anybody learns of it.
    pub(crate) fn deliver(&mut self, seat: Seat<'_>) {
        debug_assert_eq!(self.calls_left, 0, "an answer is missing");
        let Gathered { values, mut failed, took } = self.gathered.take().map_or_else(Gathered::default, |it| *it);
        if self.is_chunk() {
            self.job.finish_all(self.calls(), &values, failed, took, seat);
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
        self.note_all_failed(error);
        self.deliver(seat);
    }
}

impl Drop for RunningJob {
    fn drop(&mut self) {
        self.end(&TaskError::PoolShutDown, Seat::none());
    }
}

#[cfg(test)]
mod tests;
