//! How control leaves the block of `with_pool!`. Used by its expansion only.
//!
//! The block becomes a closure. Each `?`, `return`, `break` and `continue` in it
//! that means something outside leaves its operand in a slot and its number in
//! an [`Exit`]; the real one stands outside the closure, after the pool has been
//! closed.

use std::convert::Infallible;
use std::ops::{ControlFlow, Deref};
use std::task::Poll;

/// The end of the block, or the number of the site at which control left it.
///
/// Opaque, so that the compiler never suggests it to a user.
#[must_use]
pub struct Exit<T>(Kind<T>);

enum Kind<T> {
    End(T),
    At { site: u32, failed: bool },
}

impl<T> Exit<T> {
    /// The block came to its end.
    pub fn end(value: T) -> Self {
        Self(Kind::End(value))
    }

    /// Control left the block; `failed` if with an error.
    pub fn at(site: u32, failed: bool) -> Self {
        Self(Kind::At { site, failed })
    }

    /// The value of the block, or the site.
    ///
    /// # Errors
    ///
    /// The number of the site.
    pub fn open(self) -> Result<T, u32> {
        match self.0 {
            Kind::End(value) => Ok(value),
            Kind::At { site, .. } => Err(site),
        }
    }

    /// Whether control left the block with an error.
    pub fn failed(&self) -> bool {
        matches!(self.0, Kind::At { failed: true, .. })
    }
}

/// What happens to the tasks of a block that is left by an `Err` or by a panic.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    /// All of them run, as they do when the block is left in any other way.
    Wait,
    /// Those that have not started are cancelled.
    Cancel,
    /// The pool, which is the block's own, is aborted without a grace.
    Kill,
}

impl OnError {
    /// What to do at the end of a block; `None`: it panicked.
    pub(super) fn at<T>(self, exit: Option<&Exit<T>>) -> Self {
        if exit.is_none_or(Exit::failed) { self } else { Self::Wait }
    }
}

/// What the slot of a site holds, when control has left the block there.
///
/// # Panics
///
/// Never: a site fills its slot before it leaves the block.
pub fn taken<T>(slot: Option<T>) -> T {
    slot.expect("a site fills its slot before it leaves the block")
}

/// `Try` of std, which is not stable, for the types that have `?`.
#[diagnostic::on_unimplemented(
    message = "the `?` operator can only be applied to `Result`, `Option`, `ControlFlow` and `Poll` of a `Result`",
    label = "`{Self}` has no `?` here"
)]
pub trait Question {
    /// What `?` gives.
    type Output;
    /// What `?` returns early.
    type Residual;

    /// Tells the two apart.
    fn branch(self) -> ControlFlow<Self::Residual, Self::Output>;
}

impl<T, E> Question for Result<T, E> {
    type Output = T;
    type Residual = Result<Infallible, E>;

    #[inline]
    fn branch(self) -> ControlFlow<Self::Residual, T> {
        match self {
            Ok(value) => ControlFlow::Continue(value),
            Err(error) => ControlFlow::Break(Err(error)),
        }
    }
}

impl<T> Question for Option<T> {
    type Output = T;
    type Residual = Option<Infallible>;

    #[inline]
    fn branch(self) -> ControlFlow<Self::Residual, T> {
        match self {
            Some(value) => ControlFlow::Continue(value),
            None => ControlFlow::Break(None),
        }
    }
}

impl<B, C> Question for ControlFlow<B, C> {
    type Output = C;
    type Residual = ControlFlow<B, Infallible>;

    #[inline]
    fn branch(self) -> ControlFlow<Self::Residual, C> {
        match self {
            ControlFlow::Continue(value) => ControlFlow::Continue(value),
            ControlFlow::Break(value) => ControlFlow::Break(ControlFlow::Break(value)),
        }
    }
}

impl<T, E> Question for Poll<Result<T, E>> {
    type Output = Poll<T>;
    type Residual = Result<Infallible, E>;

    #[inline]
    fn branch(self) -> ControlFlow<Self::Residual, Poll<T>> {
        match self {
            Poll::Ready(Ok(value)) => ControlFlow::Continue(Poll::Ready(value)),
            Poll::Ready(Err(error)) => ControlFlow::Break(Err(error)),
            Poll::Pending => ControlFlow::Continue(Poll::Pending),
        }
    }
}

impl<T, E> Question for Poll<Option<Result<T, E>>> {
    type Output = Poll<Option<T>>;
    type Residual = Result<Infallible, E>;

    #[inline]
    fn branch(self) -> ControlFlow<Self::Residual, Poll<Option<T>>> {
        match self {
            Poll::Ready(Some(Ok(value))) => ControlFlow::Continue(Poll::Ready(Some(value))),
            Poll::Ready(Some(Err(error))) => ControlFlow::Break(Err(error)),
            Poll::Ready(None) => ControlFlow::Continue(Poll::Ready(None)),
            Poll::Pending => ControlFlow::Continue(Poll::Pending),
        }
    }
}

/// Asks a slot of any type whether it holds an `Err`: by a method of its own if it is one for results, and if not
/// by that of `NoErr`, which method resolution finds behind it.
pub struct Probe<'a, T>(&'a Option<T>);

impl<'a, T> Probe<'a, T> {
    /// The question.
    pub fn of(slot: &'a Option<T>) -> Self {
        Self(slot)
    }
}

impl<T, E> Probe<'_, Result<T, E>> {
    /// Whether the slot holds an `Err`.
    pub fn __failed(&self) -> bool {
        matches!(self.0, Some(Err(_)))
    }
}

impl<T> Deref for Probe<'_, T> {
    type Target = NoErr;

    fn deref(&self) -> &NoErr {
        &NoErr
    }
}

/// See [`Probe`].
pub struct NoErr;

impl NoErr {
    /// False.
    #[expect(clippy::unused_self, reason = "method resolution goes by it")]
    pub fn __failed(&self) -> bool {
        false
    }
}
