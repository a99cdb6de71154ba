//! Tasks that only wait, on many threads: how well they are handed out and woken up.

use std::thread;
use std::time::{Duration, Instant};

use crate::contestants::pool::ThreadPool;
use crate::figure::{Figure, Sample};

const NAP: Duration = Duration::from_millis(1);

pub(super) fn measure<P: ThreadPool>(pool: &P, tasks: u64) -> Vec<Sample> {
    let nap = |n| {
        pool.run(move || {
            thread::sleep(NAP);
            n
        })
    };
    let started = Instant::now();
    let answers: Vec<_> = (0..tasks).map(nap).collect();
    for (n, answer) in (0..tasks).zip(answers) {
        assert_eq!(pool.wait(answer), n, "the answers, in order");
    }
    vec![Figure::Sleeps.sample(started.elapsed().as_secs_f64() * 1e3)]
}
