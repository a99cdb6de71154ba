//! Tasks: functions that can be sent away, calls of them, and jobs made of
//! calls or closures.
//!
//! Knows futures and bytes; knows nothing of queues, threads or processes.
//!
//! ```text
//!  square::task(3) ──▶ Call ──▶ ThreadJob  ──▶ LocalJob  (run in this process)
//!  || 6 * 7        ──────────▶      "             "
//!                      Call ──▶ ProcessJob ──▶ Run ──┬─▶ LocalJob
//!                                  (an executor asks) └─▶ RemoteJob (name + bytes)
//! ```

mod arguments;
mod backlog;
mod bulk;
mod call;
mod chunk;
mod codec;
mod deadline;
mod definition;
mod home;
mod initializer;
mod job;
pub(crate) mod limited;
mod local;
#[cfg(all(test, shuttle))]
mod models;
mod outcomes;
pub(crate) mod panics;
mod passing;
pub(crate) mod registry;
mod remote;
mod remote_job;
pub(crate) mod row;
mod run;

pub use call::Call;
pub use chunk::RunChunk;
pub use codec::{Coded, Decoder, Encoded, Encoder, encode, run_encoded};
pub use definition::{OwnedTask, ProcessTask, Task};
pub use initializer::Initialized;
pub use job::{Job, ProcessJob, ThreadJob};
pub use local::LocalJob;
pub use passing::{Passing, ProcessArgument, ProcessOutput};
pub use registry::{EXECUTOR_RUNTIME_TASKS, TaskEntry, WireId};
pub use remote_job::{RemoteJob, RunningJob};
pub use run::Run;

pub(crate) use backlog::{Backlog, Permit};
pub(crate) use call::CallOptions;
pub(crate) use chunk::{Flight, Results, Sizing, one_after_another};
pub(crate) use home::{Home, Load, Seat, at_home, may_wait_for};
pub(crate) use initializer::{Attempt, BoxError, Initializer};
pub(crate) use local::{Local, LocalSource, Places, failed};
pub(crate) use outcomes::IntoIter as IntoOutcomes;
pub(crate) use remote::{Carrier, RemoteRun};
