//! One call after the other.

use std::time::{Duration, Instant};

use super::call;
use crate::contestants::pool::Pool;
use crate::figure::{Figure, Sample};

pub(super) fn measure<P: Pool>(pool: &P, calls: u64) -> Vec<Sample> {
    for n in 0..calls / 10 {
        call(pool, n);
    }
    let timed_call = |n| {
        let started = Instant::now();
        call(pool, n);
        started.elapsed()
    };
    let mut times: Vec<Duration> = (0..calls).map(timed_call).collect();
    times.sort_unstable();
    let micros = |percent: usize| times[times.len() * percent / 100].as_secs_f64() * 1e6;
    vec![Figure::RoundTripP50.sample(micros(50)), Figure::RoundTripP99.sample(micros(99))]
}
