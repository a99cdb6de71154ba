//! How often a burst asks for memory, in hundredths: what a queue takes now and then is no task's.

use executor_bench_limits::Count;

use crate::contestants::pool::Pool;
use crate::figure::{Figure, Sample};

/// One burst before it, in which everybody takes what they keep.
pub(super) fn measure<P: Pool>(pool: &P, tasks: u64) -> Vec<Sample> {
    let mut answers = Vec::with_capacity(usize::try_from(tasks).expect("small"));
    let mut burst = || {
        answers.extend((0..tasks).map(|n| pool.submit(n)));
        for (n, answer) in (0..tasks).zip(answers.drain(..)) {
            assert_eq!(pool.wait(answer), n + 1, "the answer to {n}");
        }
    };
    burst();
    let count = Count::start();
    burst();
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let per_task = count.allocations() as f64 / tasks as f64;
    vec![Figure::Allocations.sample((per_task * 100.0).round() / 100.0)]
}
