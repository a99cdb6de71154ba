//! Many short tasks through a map: what a pool adds to them.

use std::time::Instant;

use crate::figure::{Figure, Sample};

/// `work` says how many tasks were done.
pub(crate) fn measure(work: impl Fn(u64) -> u64, tasks: u64) -> Vec<Sample> {
    assert_eq!(work(tasks / 20), tasks / 20);
    let started = Instant::now();
    assert_eq!(work(tasks), tasks, "all tasks were done");
    let seconds = started.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let tasks = tasks as f64;
    vec![Figure::Throughput.sample(tasks / seconds)]
}
