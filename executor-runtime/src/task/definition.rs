//! What `#[pool_task]` implements for a function.

use std::time::Duration;

use super::registry::WireId;
use super::{Coded, Decoder, Encoder};
use crate::error::TaskError;

/// A function that can be submitted to an executor (Python: any callable). Written by `#[pool_task]`.
pub trait Task: 'static {
    /// The arguments as a tuple; `'a` is how long the borrowed ones live.
    type Args<'a>;

    /// What the function returns.
    type Output: Send + 'static;

    /// What the task is called in errors: its path, or what `name = ".."` says.
    const NAME: &'static str;

    /// How long a call may run if it does not say otherwise: what `timeout = ".."` says.
    const TIMEOUT: Option<Duration> = None;

    /// How often a call that was lost runs again if it does not say otherwise: what `retries = n` says.
    const RETRIES: u32 = 0;

    /// Calls the function, here and now.
    ///
    /// # Panics
    ///
    /// If the function does.
    fn call(args: Self::Args<'_>) -> Self::Output;
}

/// A task whose call can outlive the submitter's borrows. Written by `#[pool_task]`.
///
/// Calls without borrowed arguments are kept as they are. A process task that borrows is kept as bytes.
/// A thread task that borrows has neither way and can only be submitted inside of a scope.
#[diagnostic::on_unimplemented(
    message = "`{Self}` borrows its arguments, so it cannot be given to a thread pool that outlives them",
    label = "a thread task with borrowed arguments",
    note = "submit it inside of `with_pool!(thread(..) as pool => {{ .. }})`, or take the arguments by value"
)]
pub trait OwnedTask: Task {
    /// The call, free of borrows.
    #[doc(hidden)]
    type Owned: Send + 'static;

    #[doc(hidden)]
    fn own(args: Self::Args<'_>) -> Result<Self::Owned, TaskError>;

    #[doc(hidden)]
    fn call_owned(owned: Self::Owned) -> Result<Self::Output, TaskError>;
}

/// A task that can run in a worker process (Python: a function that can be pickled). Written by
/// `#[pool_task(process)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no process task, so it cannot run in a worker process",
    label = "not a process task",
    note = "annotate the function with `#[pool_task(process)]`; a generic one lists its types, `instances(..)`"
)]
pub trait ProcessTask: OwnedTask {
    /// What the task is called on the way to a worker: see [`WireId`].
    #[doc(hidden)]
    const ID: WireId;

    /// The task's name; that of an instance of a generic task has the types behind it.
    const FULL_NAME: &'static str = Self::NAME;

    /// What `version = n` says of the task, for executors that may meet another version of the program.
    const VERSION: u32 = 0;

    /// Writes the arguments, in order.
    #[doc(hidden)]
    fn encode(args: Self::Args<'_>, out: &mut Encoder<'_>) -> Coded<()>;

    /// Reads the arguments and calls the function.
    #[doc(hidden)]
    fn run(input: &mut Decoder<'_>) -> Coded<Self::Output>;

    /// Writes what the function returned.
    #[doc(hidden)]
    fn encode_output(output: Self::Output, out: &mut Encoder<'_>) -> Coded<()>;

    /// Reads what the function returned.
    #[doc(hidden)]
    fn decode_output(input: &mut Decoder<'_>) -> Coded<Self::Output>;
}
