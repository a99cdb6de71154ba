//! Futures: what a submitter holds, and the core it shares with whoever runs
//! the job.
//!
//! Knows errors and locks; knows nothing of tasks, pools or processes. What
//! must happen to a job when its future is cancelled or waited for is behind
//! [`Source`], which the layers above implement.

mod as_completed;
mod core;
mod done_list;
mod group;
mod handle;
mod promise;
mod source;
mod state;
mod task_future;
mod unobserved;
mod wait;

pub use as_completed::{AsCompleted, AsCompletedStream, AsCompletedTimeout, as_completed};
pub use handle::TaskHandle;
pub use promise::{Promise, RunningPromise, promise};
pub use state::State;
pub use task_future::TaskFuture;
pub use unobserved::{Unobserved, set_unobserved_failure_hook};
pub use wait::{ReturnWhen, Waitable, Waited, wait};

pub(crate) use self::core::{Core, contained};
use crate::id::TaskId;
pub(crate) use group::{Group, Membership};
pub(crate) use source::{Handle, Source, Status};
pub(crate) use wait::sealed::{Sealed as Wait, Watch};
