#![doc = include_str!("../README.md")]

#[cfg(all(executor_bench, target_os = "linux"))]
mod bench;
mod error;
mod executor;
mod future;
#[cfg(all(executor_fuzz, target_os = "linux"))]
mod fuzz;
mod id;
mod pool;
mod sync;
mod sys;
mod task;
#[cfg(target_os = "linux")]
mod wire;
#[cfg(target_os = "linux")]
mod worker;

pub use error::{
    Cause, CodecFailure, DeathHint, PanicReport, Payload, PoolError, PoolFull, TaskError, WaitTimeout, WorkerDeath,
    WorkerExit,
};
pub use executor::{
    Executor, ExecutorExt, Map, MapTimeout, Scope, Shutdown, ThreadPoolBuilder, ThreadPoolExecutor, ThreadScope,
};
#[cfg(target_os = "linux")]
pub use executor::{ProcessPoolBuilder, ProcessPoolExecutor, Transport, WorkerStderr, WorkerStdout};
pub use executor_macros::{main, pool_task, with_pool};
pub use future::{
    AsCompleted, AsCompletedStream, AsCompletedTimeout, Promise, ReturnWhen, RunningPromise, State, TaskFuture,
    TaskHandle, Unobserved, Waitable, Waited, as_completed, promise, set_unobserved_failure_hook, wait,
};
pub use id::TaskId;
pub use task::{
    Call, Initialized, Job, LocalJob, OwnedTask, ProcessJob, ProcessTask, RemoteJob, Run, RunChunk, RunningJob, Task,
    ThreadJob,
};

/// Everything a program needs, for `use executor_runtime::prelude::*` (Python: `from concurrent.futures import *`).
///
/// Executors and tests of one's own take more from the crate's root, such as [`promise`].
pub mod prelude {
    pub use std::time::Duration;

    #[cfg(target_os = "linux")]
    pub use crate::ProcessPoolExecutor;
    pub use crate::{
        Executor, ExecutorExt, PoolError, ReturnWhen, Shutdown, State, TaskError, TaskFuture, ThreadPoolExecutor,
        ThreadScope, WaitTimeout, as_completed, pool_task, wait, with_pool,
    };
}

/// Becomes a worker if this process was started as one, and never returns then
/// (Python: `multiprocessing.freeze_support()`).
///
/// Not needed unless the feature `auto-start` is off: with it, a worker process becomes a worker before
/// `main`. Without it, this (or `#[executor_runtime::main]`) must stand first in `main`; then the statics of
/// C and C++ libraries are initialized before any task runs.
///
/// # Errors
///
/// A worker that went on without it cannot build a process pool: [`PoolError::NotInitialized`]. Its parent's pool
/// breaks, with [`PoolError::WorkerNeverReady`] or [`PoolError::WorkerTooSlow`].
///
/// # Examples
///
/// ```
/// executor_runtime::init(); // first in `main`
/// ```
pub fn init() {
    #[cfg(target_os = "linux")]
    worker::guest::run_if_worker();
}

#[cfg(target_os = "linux")]
sys::start::before_main!(init);

/// What the macros' expansions name. Not public API.
#[doc(hidden)]
pub mod __private {
    pub use linkme;

    pub use crate::executor::{Exit, OnError, Probe, Question, taken};
    pub use crate::task::{
        Coded, Decoder, EXECUTOR_RUNTIME_TASKS, Encoded, Encoder, Passing, ProcessArgument, ProcessOutput, TaskEntry,
        WireId, encode, run_encoded,
    };
}

/// The inner parts, for `benches/inner`. Not public API, and not there without `--cfg executor_bench`.
#[cfg(all(executor_bench, target_os = "linux"))]
#[doc(hidden)]
pub mod __bench {
    pub use crate::bench::{Codec, Echo};
    pub use crate::pool::bench::Queue;
}

/// What a worker can send, for `fuzz/`. Not public API, and not there without `--cfg executor_fuzz`.
#[cfg(all(executor_fuzz, target_os = "linux"))]
#[doc(hidden)]
pub mod __fuzz {
    pub use crate::fuzz::{answers, exchanges, frames, handshake};
}
