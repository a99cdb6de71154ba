//! What the workers are given to do, whoever's they are.

use std::hint::{self, black_box};
use std::time::{Duration, Instant};

/// The task of most measurements: as good as nothing, and an answer that is not the question.
pub(crate) fn successor(n: u64) -> u64 {
    black_box(n).wrapping_add(1)
}

/// A task that keeps its worker busy for 20 µs.
pub(crate) fn short_work() -> u64 {
    let started = Instant::now();
    while started.elapsed() < Duration::from_micros(20) {
        hint::spin_loop();
    }
    1
}
