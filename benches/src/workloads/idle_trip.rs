//! Calls with a pause before each, in which everybody falls asleep.

use std::thread;
use std::time::{Duration, Instant};

use super::call;
use crate::contestants::pool::Pool;
use crate::figure::{Figure, Sample};

const PAUSE: Duration = Duration::from_millis(1);

pub(super) fn measure<P: Pool>(pool: &P, calls: u64) -> Vec<Sample> {
    let timed_call = |n| {
        thread::sleep(PAUSE);
        let started = Instant::now();
        call(pool, n);
        started.elapsed()
    };
    let mut times: Vec<Duration> = (0..calls).map(timed_call).collect();
    times.sort_unstable();
    vec![Figure::IdleTrip.sample(times[times.len() / 2].as_secs_f64() * 1e6)]
}
