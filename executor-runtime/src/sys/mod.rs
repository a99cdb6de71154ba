//! Everything that needs `unsafe` or the operating system, and nothing else.
//!
//! Knows jobs only as far as [`scoped`] erases their lifetimes; knows nothing
//! of the wire, of workers or of pools.

#![allow(unsafe_code)]

#[cfg(target_os = "linux")]
pub(crate) mod copy;
#[cfg(target_os = "linux")]
pub(crate) mod environment;
#[cfg(target_os = "linux")]
pub(crate) mod limits;
#[cfg(target_os = "linux")]
pub(crate) mod memory;
#[cfg(target_os = "linux")]
pub(crate) mod overflow;
#[cfg(target_os = "linux")]
pub(crate) mod process;
#[cfg(target_os = "linux")]
mod reaping;
#[cfg(target_os = "linux")]
pub(crate) mod region;
pub(crate) mod scoped;
#[cfg(target_os = "linux")]
pub(crate) mod start;
#[cfg(target_os = "linux")]
pub(crate) mod transfer;
