//! Many numbers, each through a function: the results' sum is checked.

use std::time::Instant;

use crate::figure::{Figure, Sample};

/// `sum` has the successor of each number below its argument computed by the pool, and returns their sum.
pub(crate) fn measure(sum: impl Fn(u64) -> u64, items: u64) -> Vec<Sample> {
    let run = |items| assert_eq!(sum(items), items * (items + 1) / 2, "the sum of the answers");
    run(items / 20);
    let started = Instant::now();
    run(items);
    let seconds = started.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let items = items as f64;
    vec![Figure::Items.sample(items / seconds)]
}
