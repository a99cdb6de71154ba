//! What each worker does once, before its first task.

use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use super::arguments::Arguments;
use super::codec::encode_into;
use super::local::Places;
use super::remote::{Remote, Single};
use super::remote_job::RemoteJob;
use super::{Call, Encoder, ProcessTask};
use crate::error::TaskError;
use crate::future::Source as _;

/// Any error.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// What an initializer may return: nothing, or a `Result` whose error says why the worker is of no use
/// (Python: an initializer returns or raises).
///
/// # Errors
///
/// The error becomes the cause in [`PoolError::InitializerFailed`](crate::PoolError::InitializerFailed).
#[diagnostic::on_unimplemented(
    message = "an initializer cannot return `{Self}`",
    label = "neither `()` nor a `Result<(), E>`",
    note = "`E` can be any error, or a string"
)]
pub trait Initialized {
    #[doc(hidden)]
    fn into_result(self) -> Result<(), Box<dyn Error + Send + Sync>>;
}

impl Initialized for () {
    fn into_result(self) -> Result<(), BoxError> {
        Ok(())
    }
}

impl<E: Into<BoxError>> Initialized for Result<(), E> {
    fn into_result(self) -> Result<(), BoxError> {
        self.map_err(Into::into)
    }
}

/// A call that every worker process of a pool makes once; its arguments are encoded once for all of them.
#[derive(Clone)]
pub(crate) struct Initializer {
    name: &'static str,
    attempt: Arc<dyn Fn() -> Attempt + Send + Sync>,
}

/// One worker's call.
pub(crate) struct Attempt {
    /// To be sent to the worker.
    pub(crate) job: RemoteJob,
    /// How it ended, once it has.
    pub(crate) outcome: Box<dyn FnOnce() -> Result<(), BoxError>>,
}

impl Initializer {
    /// # Errors
    ///
    /// [`TaskError::Encode`] if the arguments cannot be encoded.
    #[track_caller]
    pub(crate) fn new<T>(call: Call<'_, T>) -> Result<Self, TaskError>
    where
        T: ProcessTask<Output: Initialized>,
    {
        let (options, at) = (call.options, Location::caller());
        let arguments = Arguments::of_one(|bytes, _| encode_into::<T>(call.args, Encoder::new(bytes)))?;
        let attempt = move || {
            let job = Remote::<T>::new(arguments.clone(), options, Places::default(), Single, at);
            let core = Arc::clone(&job);
            let outcome = move || match core.core().take() {
                Some(Ok(value)) => value.into_result(),
                Some(Err(error)) => Err(error.into()),
                None => Err(TaskError::PoolShutDown.into()),
            };
            Attempt { job: RemoteJob::new(job, options, false), outcome: Box::new(outcome) }
        };
        Ok(Self { name: T::FULL_NAME, attempt: Arc::new(attempt) })
    }

    /// The call, once more.
    pub(crate) fn attempt(&self) -> Attempt {
        (self.attempt)()
    }
}

impl fmt::Debug for Initializer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Initializer({})", self.name)
    }
}
