//! A submitted call on its way into an executor that does not know its type.

use std::panic::Location;
use std::sync::{Arc, Weak};

use super::arguments::Arguments;
use super::backlog::Permit;
use super::codec::encode_into;
use super::local::{self, Local, LocalJob, Places};
use super::remote::{Remote, Single};
use super::remote_job::RemoteJob;
use super::{Call, Encoder, Home, ProcessTask};
use crate::error::TaskError;
use crate::future::{Group, Handle, TaskFuture};

/// A submitted call of a process task, for an [`Executor`](crate::Executor) to take in.
///
/// The executor chooses how the call goes on: [`detach`](Self::detach) for a job that runs in this process,
/// [`encode`](Self::encode) for one that runs elsewhere, or [`refuse`](Self::refuse). A `Run` borrows what
/// the call borrows, which is why one of these must happen before [`Executor::start`](crate::Executor::start)
/// returns. One that is dropped instead ends with [`TaskError::PoolShutDown`]. (Python: the `_WorkItem` of its
/// executors.)
pub struct Run<'a> {
    call: &'a mut dyn Erased,
}

impl Run<'_> {
    /// The name of the task: its path, or what `name = ".."` says.
    pub fn name(&self) -> &'static str {
        self.call.name()
    }

    /// What `version = n` says of the task: see [`RemoteJob::version`].
    pub fn version(&self) -> u32 {
        self.call.version()
    }

    /// A job that runs in this process. `None` if the arguments could not be kept; the future says why.
    ///
    /// # Errors
    ///
    /// The future's: [`TaskError::Encode`] for arguments that are borrowed, since they are kept as bytes.
    pub fn detach(self) -> Option<LocalJob> {
        self.detach_for(Home::new(), None)
    }

    /// A job that runs elsewhere. `None` if the arguments could not be encoded; the future says why.
    ///
    /// # Errors
    ///
    /// The future's: [`TaskError::Encode`], or [`TaskError::Panicked`] if an argument's `Serialize` panicked.
    pub fn encode(self) -> Option<RemoteJob> {
        self.call.encode(None, Bands::One)
    }

    /// Ends the call with `error` (Python: a `submit()` that raises).
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::Run;
    /// use executor_runtime::prelude::*;
    ///
    /// struct Closed;
    ///
    /// impl Executor for Closed {
    ///     fn start(&self, run: Run<'_>) {
    ///         run.refuse(TaskError::PoolShutDown);
    ///     }
    ///
    ///     fn shutdown(&self, _: Shutdown) {}
    /// }
    ///
    /// #[pool_task(process)]
    /// fn square(n: u64) -> u64 {
    ///     n * n
    /// }
    ///
    /// # fn main() {
    /// assert!(matches!(Closed.submit(square::task(3)).result(), Err(TaskError::PoolShutDown)));
    /// # }
    /// ```
    pub fn refuse(self, error: TaskError) {
        self.call.refuse(error);
    }

    /// As [`Run::detach`], for a pool whose workers help each other. The job holds the permit until it starts.
    pub(crate) fn detach_for(self, home: Home, permit: Option<Permit>) -> Option<LocalJob> {
        self.call.detach(home, permit)
    }

    /// As [`Run::encode`], for a link that takes what goes out of band. The job holds the permit until it starts.
    pub(crate) fn encode_for(self, permit: Option<Permit>) -> Option<RemoteJob> {
        self.call.encode(permit, Bands::Two)
    }

    /// Has the job count for a scope.
    pub(crate) fn join(&mut self, group: &Arc<Group>) {
        self.call.join(group);
    }
}

/// [`Run`] without the task's type.
trait Erased {
    fn name(&self) -> &'static str;
    fn version(&self) -> u32;
    fn detach(&mut self, home: Home, permit: Option<Permit>) -> Option<LocalJob>;
    fn encode(&mut self, permit: Option<Permit>, bands: Bands) -> Option<RemoteJob>;
    fn refuse(&mut self, error: TaskError);
    fn join(&mut self, group: &Arc<Group>);
}

/// Where encoded arguments go.
enum Bands {
    /// One buffer has all of them.
    One,
    /// Long vectors may go out of band.
    Two,
}

/// [`Run`] with the task's type: lies in the submitter's frame.
struct Typed<'a, T: ProcessTask> {
    /// `None` once the executor took it in.
    call: Option<Call<'a, T>>,
    /// `Some` once the executor took the call in.
    future: Option<TaskFuture<T::Output>>,
    group: Option<Arc<Group>>,
    /// Where the call was submitted.
    at: &'static Location<'static>,
}

/// Hands `call` to `start`, which is an executor's, and returns the future that it left behind.
pub(super) fn submit<T: ProcessTask>(
    call: Call<'_, T>,
    at: &'static Location<'static>,
    start: impl FnOnce(Run<'_>),
) -> TaskFuture<T::Output> {
    submit_in(call, None, at, start)
}

/// As [`submit`], in a scope if there is one.
pub(super) fn submit_in<T: ProcessTask>(
    call: Call<'_, T>,
    group: Option<&Arc<Group>>,
    at: &'static Location<'static>,
    start: impl FnOnce(Run<'_>),
) -> TaskFuture<T::Output> {
    let mut typed = Typed { call: Some(call), future: None, group: group.cloned(), at };
    start(Run { call: &mut typed });
    typed.future.unwrap_or_else(|| local::failed(TaskError::PoolShutDown, at))
}

impl<'a, T: ProcessTask> Typed<'a, T> {
    fn take(&mut self) -> Call<'a, T> {
        self.call.take().expect("each way on consumes the run")
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

impl<T: ProcessTask> Erased for Typed<'_, T> {
    fn name(&self) -> &'static str {
        T::FULL_NAME
    }

    fn version(&self) -> u32 {
        T::VERSION
    }

    fn detach(&mut self, home: Home, permit: Option<Permit>) -> Option<LocalJob> {
        let Call { args, options, .. } = self.take();
        match T::own(args) {
            Err(error) => {
                self.refuse(error);
                None
            }
            Ok(owned) => {
                let job = Local::new(move || T::call_owned(owned), home, self.places(permit), self.at);
                self.enroll(&job);
                self.future = Some(TaskFuture::new(Arc::<Local<_, _>>::clone(&job)));
                Some(LocalJob::new(job, options))
            }
        }
    }

    fn encode(&mut self, permit: Option<Permit>, bands: Bands) -> Option<RemoteJob> {
        let Call { args, options, .. } = self.take();
        let encoded = Arguments::of_one(|bytes, aside| {
            let out = match bands {
                Bands::One => Encoder::new(bytes),
                Bands::Two => Encoder::with_aside(bytes, aside),
            };
            encode_into::<T>(args, out)
        });
        let arguments = match encoded {
            Ok(arguments) => arguments,
            Err(error) => {
                self.refuse(error);
                return None;
            }
        };
        let job = Remote::<T>::new(arguments, options, self.places(permit), Single, self.at);
        self.enroll(&job);
        self.future = Some(TaskFuture::new(Arc::<Remote<T>>::clone(&job)));
        Some(RemoteJob::new(job, options, false))
    }

    fn refuse(&mut self, error: TaskError) {
        self.future = Some(local::failed(error, self.at));
    }

    fn join(&mut self, group: &Arc<Group>) {
        self.group = Some(Arc::clone(group));
    }
}
