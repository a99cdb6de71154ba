//! Many items, each through a function: the results' sum is checked.

use std::time::Instant;

use crate::contestants::tasks::{Order, sell, successor};
use crate::figure::{Figure, Sample};
use crate::scenario::Shape;

/// `sum` has each item below its argument mapped by the pool, and returns the results' sum.
pub(crate) fn measure(shape: Shape, sum: impl Fn(u64) -> u64, items: u64) -> Vec<Sample> {
    let check = |items, sum| assert_eq!(sum, here(shape, items), "the sum of the answers");
    check(items / 20, sum(items / 20));
    let started = Instant::now();
    let result = sum(items);
    let seconds = started.elapsed().as_secs_f64();
    check(items, result);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let items = items as f64;
    vec![Figure::Items.sample(items / seconds)]
}

/// What the sum has to be.
fn here(shape: Shape, items: u64) -> u64 {
    match shape {
        Shape::Numbers => (0..items).map(successor).sum(),
        Shape::Structs => (0..items).map(|n| sell(Order::nth(n)).sum()).sum(),
    }
}
