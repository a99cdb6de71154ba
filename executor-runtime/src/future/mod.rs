//! Futures: what a submitter holds, and the core it shares with whoever runs
//! the job.
//!
//! Knows errors and locks; knows nothing of tasks, pools or processes. What
//! must happen to a job when its future is cancelled or waited for is behind
//! [`Source`], which the layers above implement.

mod as_completed;
mod core;
mod group;
mod task_future;
mod wait;

pub use as_completed::{AsCompleted, AsCompletedTimeout, as_completed};
pub use task_future::TaskFuture;
pub use wait::{ReturnWhen, Waitable, Waited, wait};

pub(crate) use self::core::{Core, Handle, Source, contained};
pub(crate) use group::{Group, Membership};
pub(crate) use wait::sealed::{Sealed as Wait, Watch};

pub use self::core::{State, TaskId};
