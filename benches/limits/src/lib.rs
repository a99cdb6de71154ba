//! What a mechanism costs with nothing of ours on top: the limits that the figures of pools are held against.
//!
//! The only package of the benches that may use unsafe code; it does so to map memory that two processes share, and
//! to count what the program allocates.

mod counted;
mod region;
mod ring;
mod socket;
mod spawned;
mod worker;

pub use counted::{Count, Counted};
pub use socket::{Echo, run_if_echo};
pub use spawned::{Spawned, run_if_spawned};
pub use worker::{Waiting, Worker, run_if_child};
