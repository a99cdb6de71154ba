//! Tasks and stages for the suites in `tests/`.
//!
//! The tasks live in a library on purpose: the suites run them as tasks of a
//! dependency crate.

#![expect(
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    clippy::needless_pass_by_value,
    reason = "the tasks are what the suites need them to be"
)]

pub mod alone;
pub mod both;
pub mod census;
pub mod children;
pub mod faulty;
pub mod gate;
pub mod hostile;
pub mod limits;
pub mod raw;
pub mod tasks;
pub mod transports;
pub mod watchdog;

/// The guide for those who come from Python: its examples are run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/from-python.md")]
pub struct FromPython;

/// A block keeps to the edition of the crate it stands in, which is not ours: before the one of 2024 the temporaries
/// of a block's last expression outlived its locals, and those of an `if let` its `else`.
///
/// ```edition2021
/// use std::cell::RefCell;
///
/// use executor_runtime::prelude::*;
///
/// type Log = RefCell<Vec<&'static str>>;
///
/// struct Noted<'l>(&'l Log, &'static str);
///
/// impl Noted<'_> {
///     fn number(&self) -> Option<u8> {
///         Some(7)
///     }
/// }
///
/// impl Drop for Noted<'_> {
///     fn drop(&mut self) {
///         self.0.borrow_mut().push(self.1);
///     }
/// }
///
/// macro_rules! twice {
///     ($log:ident => $block:block) => {
///         fn plain($log: &Log) -> Option<u8> {
///             let value = $block;
///             $log.borrow_mut().push("behind");
///             value
///         }
///         fn in_a_block($log: &Log) -> Option<u8> {
///             let value = with_pool!(thread(max_workers = 1) as _pool => $block).ok()?;
///             $log.borrow_mut().push("behind");
///             value
///         }
///     };
/// }
///
/// twice!(log => {
///     let _local = Noted(log, "local");
///     if let None = Noted(log, "condition").number() {
///         return None;
///     } else {
///         log.borrow_mut().push("else");
///     }
///     Some(Noted(log, "last").number()?)
/// });
///
/// let (expected, found) = (Log::default(), Log::default());
/// assert_eq!((plain(&expected), in_a_block(&found)), (Some(7), Some(7)));
/// assert_eq!(*expected.borrow(), ["else", "condition", "local", "last", "behind"]);
/// assert_eq!(found, expected);
/// ```
#[cfg(doctest)]
pub struct Edition2021;
