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
pub mod census;
pub mod children;
pub mod gate;
pub mod tasks;
pub mod watchdog;

/// The guide for those who come from Python: its examples are run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/from-python.md")]
pub struct FromPython;
