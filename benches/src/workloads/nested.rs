//! Tasks that submit tasks and wait for them: Fibonacci's numbers, where one of each two calls is submitted.

use std::time::Instant;

use crate::figure::{Figure, Sample};

/// `fib` computes on the pool what [`here`] does here.
pub(crate) fn measure(fib: impl Fn(u64) -> u64, n: u64) -> Vec<Sample> {
    assert_eq!(fib(n / 2), here(n / 2));
    let started = Instant::now();
    let result = fib(n);
    let seconds = started.elapsed().as_secs_f64();
    assert_eq!(result, here(n));
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let submitted = (here(n + 1) - 1) as f64;
    vec![Figure::Throughput.sample(submitted / seconds)]
}

/// Each call from 2 on submits one, so it takes `here(n + 1) - 1` of them.
fn here(n: u64) -> u64 {
    (0..n).fold((0, 1), |(this, next), _| (next, this + next)).0
}
