//! What `#[pool_task]` implements for a function.

use super::registry::WireId;
use super::{CodecError, Decoder, Encoder};
use crate::error::TaskError;

/// A function that can be submitted to an executor (Python: any callable). Written by `#[pool_task]`.
pub trait Task: 'static {
    /// The arguments as a tuple; `'a` is how long the borrowed ones live.
    type Args<'a>;

    /// What the function returns.
    type Output: Send + 'static;

    /// What the task is called in errors: its path, or what `name = ".."` says.
    const NAME: &'static str;

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
    note = "annotate the function with `#[pool_task(process)]`"
)]
pub trait ProcessTask: OwnedTask {
    /// What the task is called on the way to a worker: see [`WireId`].
    #[doc(hidden)]
    const ID: WireId;

    /// Writes the arguments, in order.
    #[doc(hidden)]
    fn encode(args: &Self::Args<'_>, out: &mut Encoder<'_>) -> Result<(), CodecError>;

    /// Reads the arguments and calls the function.
    #[doc(hidden)]
    fn run(input: &mut Decoder<'_>) -> Result<Self::Output, CodecError>;

    /// Writes what the function returned.
    #[doc(hidden)]
    fn encode_output(output: &Self::Output, out: &mut Encoder<'_>) -> Result<(), CodecError>;

    /// Reads what the function returned.
    #[doc(hidden)]
    fn decode_output(input: &mut Decoder<'_>) -> Result<Self::Output, CodecError>;
}
