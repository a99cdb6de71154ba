//! A job that runs elsewhere: a name, the encoded arguments, and the core that
//! waits for the encoded answer.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use super::registry::WireId;
use super::{Decoder, ProcessTask, Seat, panics};
use crate::error::{Payload, TaskError};
use crate::future::{Core, Handle, Membership, Source, State};
use crate::sync::Mutex;

/// A job as a process pool's queue holds it.
pub(crate) trait RemoteRun: Handle {
    fn name(&self) -> &'static str;

    fn id(&self) -> WireId;

    /// Claims the job; `None` if it was cancelled.
    fn claim(&self) -> Option<Request>;

    /// Ends a claimed job with the bytes of its value, or with an error.
    fn finish(&self, answer: Result<&[u8], TaskError>, seat: Seat<'_>);
}

/// What goes to the worker.
pub(crate) struct Request {
    pub(crate) arguments: Vec<u8>,
    pub(crate) limit: Option<Duration>,
}

/// See the module.
pub(crate) struct Remote<T: ProcessTask> {
    core: Core<T::Output>,
    /// `None` once the job is claimed or refused.
    request: Mutex<Option<Request>>,
    /// Dropped after the core is settled: until then the job counts for its scope.
    membership: Mutex<Option<Membership>>,
    task: PhantomData<fn() -> T>,
}

impl<T: ProcessTask> Remote<T> {
    pub(crate) fn new(request: Request, membership: Option<Membership>) -> Arc<Self> {
        Arc::new(Self {
            core: Core::new(),
            request: Mutex::new(Some(request)),
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

impl<T: ProcessTask> Handle for Remote<T> {
    fn refuse(&self, error: TaskError) -> bool {
        let refused = self.core.refuse(error);
        if refused {
            drop(self.take_request());
            self.leave_scope();
        }
        refused
    }

    fn state(&self) -> State {
        self.core.state()
    }

    /// Nothing to do: no thread of this process can stand in for a worker process.
    fn help(&self) {}
}

impl<T: ProcessTask> Source<T::Output> for Remote<T> {
    fn core(&self) -> &Core<T::Output> {
        &self.core
    }
}

impl<T: ProcessTask> RemoteRun for Remote<T> {
    fn name(&self) -> &'static str {
        T::NAME
    }

    fn id(&self) -> WireId {
        T::ID
    }

    fn claim(&self) -> Option<Request> {
        self.core.begin().then(|| self.take_request().expect("a job is claimed once"))
    }

    fn finish(&self, answer: Result<&[u8], TaskError>, seat: Seat<'_>) {
        let result = answer.and_then(decode::<T>);
        self.core.settle(result, || drop(seat));
        self.leave_scope();
    }
}

/// The value's `Deserialize` is user code, and may panic.
fn decode<T: ProcessTask>(bytes: &[u8]) -> Result<T::Output, TaskError> {
    panics::catch(|| T::decode_output(&mut Decoder::new(bytes)))?
        .map_err(|error| error.into_task_error(Payload::Value, T::NAME))
}

/// A job for an executor that runs tasks elsewhere: what [`Run::encode`](super::Run::encode) gives.
///
/// The task's name and its encoded arguments go wherever the executor runs tasks; the encoded value, or why
/// there is none, comes back through [`RunningJob::finish`]. Dropping it unstarted ends its future with
/// [`TaskError::PoolShutDown`].
pub struct RemoteJob(Arc<dyn RemoteRun>);

impl RemoteJob {
    pub(super) fn new(job: Arc<dyn RemoteRun>) -> Self {
        Self(job)
    }

    /// The name of the task. Only one that was chosen with `name = ".."` is the program's only one of that name.
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// Claims the job for running; `None` if it was cancelled. From here on it cannot be cancelled.
    pub fn start(self) -> Option<RunningJob> {
        let Request { arguments, limit } = self.0.claim()?;
        Some(RunningJob { name: self.0.name(), id: self.0.id(), job: Some(Arc::clone(&self.0)), arguments, limit })
    }

    /// Ends the job with `error` if it has not started; whether it had not.
    pub fn refuse(&self, error: TaskError) -> bool {
        self.0.refuse(error)
    }
}

impl Drop for RemoteJob {
    fn drop(&mut self) {
        // Without effect on a job that has started.
        self.refuse(TaskError::PoolShutDown);
    }
}

/// A remote job that has started. Dropping it unfinished ends its future with [`TaskError::PoolShutDown`].
pub struct RunningJob {
    /// `None` once finished.
    job: Option<Arc<dyn RemoteRun>>,
    name: &'static str,
    id: WireId,
    arguments: Vec<u8>,
    limit: Option<Duration>,
}

impl RunningJob {
    /// The name of the task.
    pub fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn id(&self) -> WireId {
        self.id
    }

    /// The encoded arguments.
    pub fn arguments(&self) -> &[u8] {
        &self.arguments
    }

    /// How long the task may run, from now.
    pub fn limit(&self) -> Option<Duration> {
        self.limit
    }

    /// Ends the job with the encoded value, or with why there is none.
    pub fn finish(self, answer: Result<&[u8], TaskError>) {
        self.finish_with(answer, Seat::none());
    }

    pub(crate) fn finish_with(mut self, answer: Result<&[u8], TaskError>, seat: Seat<'_>) {
        if let Some(job) = self.job.take() {
            job.finish(answer, seat);
        }
    }
}

impl Drop for RunningJob {
    fn drop(&mut self) {
        if let Some(job) = self.job.take() {
            job.finish(Err(TaskError::PoolShutDown), Seat::none());
        }
    }
}
