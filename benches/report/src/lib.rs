//! What every bench says about its run: where and when it was, how much of the machine others used, a table.

mod disturbance;
mod grid;
mod machine;

pub use disturbance::Disturbance;
pub use grid::{Grid, Style};
pub use machine::{describe, locked};
