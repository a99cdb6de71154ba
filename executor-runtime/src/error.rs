//! What can go wrong, one enum per boundary: [`TaskError`] for a task,
//! [`PoolError`] for building a pool, [`WaitTimeout`] for a wait.
//!
//! A wait that ran out of time is a type of its own, so that it can never be
//! taken for a task that ran out of time (in Python only `done()` tells them
//! apart).

mod death;
mod report;

use std::error::Error;
use std::fmt;
use std::io;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use death::write_attempts;
pub use death::{DeathHint, WorkerDeath, WorkerExit};
pub use report::{Cause, PanicReport};
pub(crate) use report::{MAX_CAUSES, drop_payload};
use serde::{Deserialize, Serialize};

/// Why a task has no value (Python: what `Future.result()` raises).
///
/// Every submitted task ends in exactly one of its value or one of these.
/// Errors that the task *returned* are not here: they are part of its value.
/// A copy is cheap, and shares reports and causes with the original.
///
/// # Examples
///
/// ```
/// use executor_runtime::prelude::*;
///
/// let pool = ThreadPoolExecutor::new(1)?;
/// match pool.submit(|| "seven".parse::<u32>()).result() {
///     Ok(Ok(number)) => println!("{number}"),
///     Ok(Err(error)) => println!("the task itself says: {error}"),
///     Err(TaskError::Panicked(report)) => println!("it panicked with {}", report.message),
///     Err(error) => println!("there is no value: {error}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TaskError {
    /// The task panicked, or what turns its arguments or its value into bytes did.
    ///
    /// Python raises the exception in the caller; [`resume_unwind`](Self::resume_unwind) does so with the panic.
    Panicked(Arc<PanicReport>),
    /// The task was cancelled before it started (Python: `CancelledError`): by its future or handle, by a
    /// [shutdown](crate::Shutdown), or by the end of a scope or [`Map`](crate::Map). Or it was
    /// [killed](crate::TaskFuture::kill) while it ran.
    Cancelled,
    /// The task ran longer than its `timeout` (Python has none).
    ///
    /// In a worker process it was killed. On a thread it goes on running, but
    /// nobody will see its value.
    TimedOut {
        /// The limit that was passed.
        limit: Duration,
        /// How often the task was run: more than once only if it has [`retries`](crate::Call::retries).
        attempts: u32,
        /// It still runs: a thread cannot be ended.
        goes_on: bool,
    },
    /// The worker process that ran the task died. (Python: `BrokenProcessPool`, for all tasks of the pool.)
    WorkerDied(Arc<WorkerDeath>),
    /// The arguments or the value could not be turned into bytes (Python: `pickle.PicklingError`).
    Encode(Arc<CodecFailure>),
    /// The arguments or the value could not be read back from bytes (Python: `pickle.UnpicklingError`).
    ///
    /// Also what is nested more than 512 levels deep (each `Option`, enum, sequence or map within another is a level), or less
    /// where its types are so large that the levels would take a mebibyte of stack, and sequences of over 65,536 elements
    /// that take no bytes, as `()`: what cannot be told from a worker that wants to harm.
    Decode(Arc<CodecFailure>),
    /// The pool cannot run tasks any more (Python: `BrokenExecutor`).
    PoolBroken {
        /// What broke it.
        cause: Arc<PoolError>,
    },
    /// The pool was shut down before the task was submitted, or aborted while it ran; or an executor lost the task.
    /// (Python: the `RuntimeError` of a `submit()` after the shutdown.)
    PoolShutDown,
    /// The worker process knows no task of this name. (Python: the `AttributeError` of a function that the worker's
    /// module does not have.) The process pool compares the tasks of both sides when a worker starts, so this is
    /// mostly for executors of one's own.
    UnknownTask {
        /// What was asked for.
        name: String,
    },
    /// The value was taken out of this future before. (Python gives the same object again.)
    AlreadyTaken,
    /// The [`Promise`](crate::Promise) was dropped without a result. (In Python its waiters wait for ever.)
    Abandoned,
}

impl TaskError {
    /// The name of the variant.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Panicked(_) => "Panicked",
            Self::Cancelled => "Cancelled",
            Self::TimedOut { .. } => "TimedOut",
            Self::WorkerDied(_) => "WorkerDied",
            Self::Encode(_) => "Encode",
            Self::Decode(_) => "Decode",
            Self::PoolBroken { .. } => "PoolBroken",
            Self::PoolShutDown => "PoolShutDown",
            Self::UnknownTask { .. } => "UnknownTask",
            Self::AlreadyTaken => "AlreadyTaken",
            Self::Abandoned => "Abandoned",
        }
    }

    /// Adds to the report of a panic where the job was submitted. The report was made a moment ago and nobody
    /// shares it, unless it is another job's, which knows its place.
    pub(crate) fn place(&mut self, submitted_at: &'static Location<'static>) {
        if let Self::Panicked(report) = self
            && let Some(report) = Arc::get_mut(report)
        {
            report.submitted_at.get_or_insert(submitted_at);
        }
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(report) => report.fmt(f),
            Self::Cancelled => f.write_str("the task was cancelled"),
            Self::TimedOut { limit, attempts, goes_on } => {
                write!(f, "the task ran longer than its limit of {limit:?}")?;
                write_attempts(f, *attempts)?;
                if *goes_on { f.write_str("; its thread goes on") } else { Ok(()) }
            }
            Self::WorkerDied(death) => death.fmt(f),
            Self::Encode(failure) => write!(f, "could not encode {failure}"),
            Self::Decode(failure) => write!(f, "could not decode {failure}"),
            Self::PoolBroken { cause } => write!(f, "the pool is broken: {cause}"),
            Self::PoolShutDown => f.write_str("the pool was shut down"),
            Self::UnknownTask { name } => write!(f, "the worker process knows no task `{name}`"),
            Self::AlreadyTaken => f.write_str("the value was taken out of this future before"),
            Self::Abandoned => f.write_str("the promise was dropped without a result"),
        }
    }
}

impl Error for TaskError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            // The cause itself is part of the message.
            Self::PoolBroken { cause } => cause.source(),
            Self::Panicked(report) => report.source(),
            _ => None,
        }
    }
}

/// A value that did not survive the way into bytes or out of them (Python: `pickle.PickleError`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CodecFailure {
    /// What it was: the arguments or the value of a task.
    pub what: Payload,
    /// The name of the task.
    pub task: String,
    /// What the codec said. It does not keep what a type's own `Serialize` or `Deserialize` said.
    pub reason: String,
}

impl CodecFailure {
    /// Puts the parts together.
    pub(crate) fn new(what: Payload, task: &str, reason: String) -> Self {
        Self { what, task: task.to_owned(), reason }
    }
}

impl fmt::Display for CodecFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} of `{}`: {}", self.what, self.task, self.reason)
    }
}

/// What travels between a pool and its worker processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Payload {
    /// A task's arguments, on the way to the worker.
    Arguments,
    /// A task's value, on the way back.
    Value,
}

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Arguments => "arguments",
            Self::Value => "value",
        })
    }
}

/// Why a pool could not be built, or why it broke later (Python: `ValueError`, `BrokenExecutor`).
///
/// The builders' `build` and `with_pool!` return it. A pool that breaks later tells it as the cause in
/// [`TaskError::PoolBroken`], to all that waits for a worker and all that is submitted from then on.
#[derive(Debug)]
#[non_exhaustive]
pub enum PoolError {
    /// `max_workers` was zero. (Python: `ValueError: max_workers must be greater than 0`.)
    ZeroWorkers,
    /// `max_pending` was zero.
    ZeroPending,
    /// `max_tasks_per_child` was zero.
    ZeroTasksPerChild,
    /// The initializer of a worker failed, so no worker of the pool is of any use. (Python logs the cause, and its
    /// `BrokenThreadPool` or `BrokenProcessPool` does not have it.)
    InitializerFailed {
        /// What the initializer returned, or the [`TaskError`] with which it ended.
        cause: Box<dyn Error + Send + Sync>,
    },
    /// More workers died than the pool's [`restart_limit`](crate::ProcessPoolBuilder::restart_limit) lets it replace.
    TooManyDeaths {
        /// So many may die ..
        limit: usize,
        /// .. within this time.
        window: Duration,
    },
    /// No thread can be called after this prefix: it has a null byte.
    BadThreadName {
        /// The prefix that was asked for.
        prefix: String,
    },
    /// Two tasks of the program were given one name with `name = ".."`.
    DuplicateTask {
        /// The name they share.
        name: &'static str,
        /// Where the first one stands, as `file:line:column`.
        first: String,
        /// Where the second one stands.
        second: String,
    },
    /// Pools inside of tasks of pools reached the allowed depth.
    TooDeep {
        /// How many pools may be nested.
        limit: u32,
    },
    /// This process was started as a worker, but reached `main` and went on.
    ///
    /// Without the `auto-start` feature `executor_runtime::init()` must stand
    /// first in `main`.
    NotInitialized,
    /// The operating system refused to start a thread.
    SpawnThread(io::Error),
    /// A thread of the pool panicked outside of any task: a bug of this crate, or of one it uses.
    LanePanicked,
    /// The operating system refused to start a worker process, or what the pool needs for it.
    SpawnWorker(io::Error),
    /// A worker process could not be given a limit or a setting that the pool was built with: no machine has it, or this
    /// one does not, or this program may not.
    Limit {
        /// What it was, as in `nice = -5`.
        what: String,
        /// What the operating system said, or what is wrong with it.
        error: io::Error,
    },
    /// A worker process was started, but died before it was ready.
    WorkerNeverReady {
        /// How it ended.
        exit: WorkerExit,
    },
    /// A worker process was started, but was not ready in time.
    WorkerTooSlow {
        /// How long it was given.
        limit: Duration,
    },
    /// A worker process was started, but no link to it could be made.
    Link(String),
    /// A worker process was started, but it runs another program than its parent.
    VersionMismatch {
        /// What the two do not agree about.
        what: String,
    },
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ZeroWorkers => f.write_str("max_workers must be greater than 0"),
            Self::ZeroPending => f.write_str("max_pending must be greater than 0"),
            Self::ZeroTasksPerChild => f.write_str("max_tasks_per_child must be greater than 0"),
            Self::InitializerFailed { cause } => write!(f, "the initializer of a worker failed: {cause}"),
            Self::TooManyDeaths { limit, window } => {
                write!(f, "more than {limit} of its workers died within {window:?}")
            }
            Self::BadThreadName { prefix } => write!(f, "thread_name_prefix {prefix:?} has a null byte"),
            Self::DuplicateTask { name, first, second } => write!(
                f,
                "two tasks are called `{name}`: one at {first}, one at {second}; \
                 rename one of them or give it `name = \"..\"`"
            ),
            Self::TooDeep { limit } => {
                write!(f, "pools inside of tasks of pools may be nested {limit} deep at most")
            }
            Self::NotInitialized => f.write_str(
                "this process was started as a worker but went on into `main`: \
                 call `executor_runtime::init()` first there",
            ),
            Self::SpawnThread(_) => f.write_str("could not start a thread"),
            Self::LanePanicked => f.write_str("a thread of the pool panicked outside of any task"),
            Self::SpawnWorker(_) => f.write_str("could not start a worker process"),
            Self::Limit { what, .. } => write!(f, "a worker process cannot have `{what}`"),
            Self::WorkerNeverReady { exit } => {
                write!(f, "a worker process {exit} before it was ready")
            }
            Self::WorkerTooSlow { limit } => {
                write!(f, "a worker process was not ready within {limit:?}")
            }
            Self::Link(reason) => write!(f, "could not link to a worker process: {reason}"),
            Self::VersionMismatch { what } => {
                write!(f, "a worker process runs another program than its parent: {what}")
            }
        }
    }
}

impl Error for PoolError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::SpawnThread(error) | Self::SpawnWorker(error) | Self::Limit { error, .. } => Some(error),
            // The cause itself is part of the message.
            Self::InitializerFailed { cause } => cause.source(),
            _ => None,
        }
    }
}

/// As many tasks wait in the pool as may wait there; it comes with the job that was not taken in. (Python's pools
/// have no limit.)
///
/// What `try_submit` of both executors says under [`max_pending`](crate::ThreadPoolBuilder::max_pending): see
/// [`ThreadPoolExecutor::try_submit`](crate::ThreadPoolExecutor::try_submit) for an example.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PoolFull<J>(pub J);

impl<J> fmt::Debug for PoolFull<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PoolFull(..)")
    }
}

impl<J> fmt::Display for PoolFull<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("as many tasks wait in the pool as may wait there")
    }
}

impl<J> Error for PoolFull<J> {}

/// A wait ended before what it waited for did (Python: `TimeoutError`). The tasks go on.
///
/// A type of its own: a task that ran longer than *it* may ends with [`TaskError::TimedOut`].
///
/// # Examples
///
/// ```
/// use executor_runtime::prelude::*;
/// use executor_runtime::promise;
///
/// let (_promise, mut future) = promise::<u32>();
/// let late = future.result_timeout(Duration::ZERO).unwrap_err();
/// assert_eq!(late.to_string(), "1 (of 1) futures unfinished");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeout {
    unfinished: usize,
    total: usize,
}

impl WaitTimeout {
    /// `unfinished` of `total` futures were not done in time.
    pub(crate) fn new(unfinished: usize, total: usize) -> Self {
        Self { unfinished, total }
    }

    /// How many of the awaited futures were not done; for a [`Map`](crate::Map), how many calls.
    pub fn unfinished(&self) -> usize {
        self.unfinished
    }

    /// How many futures were awaited; for a [`Map`](crate::Map), how many items had been taken from the input.
    pub fn total(&self) -> usize {
        self.total
    }
}

impl fmt::Display for WaitTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (of {}) futures unfinished", self.unfinished, self.total)
    }
}

impl Error for WaitTimeout {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_keeps_its_source() {
        let cause = Arc::new(PoolError::SpawnThread(io::Error::from_raw_os_error(11)));
        let broken = TaskError::PoolBroken { cause };
        assert_eq!(broken.to_string(), "the pool is broken: could not start a thread");
        assert!(broken.source().expect("the system's error").is::<io::Error>());
    }
}
