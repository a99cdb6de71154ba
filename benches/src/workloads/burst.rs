//! Everything at once: all tasks are submitted, then all results collected in the order of submission.
//!
//! A pool that cannot hold so many has its oldest answer collected before the next task is submitted.

use std::collections::VecDeque;
use std::time::Instant;

use super::call;
use crate::contestants::pool::Pool;
use crate::figure::{Figure, Sample};

pub(super) fn measure<P: Pool>(pool: &P, tasks: u64) -> Vec<Sample> {
    for n in 0..tasks / 20 {
        call(pool, n);
    }
    let started = Instant::now();
    run(pool, tasks);
    let seconds = started.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let tasks = tasks as f64;
    vec![Figure::Throughput.sample(tasks / seconds)]
}

fn run<P: Pool>(pool: &P, tasks: u64) {
    let mut answers = VecDeque::new();
    let mut expected = 1..;
    let mut collect = |answer| assert_eq!(Some(pool.wait(answer)), expected.next(), "the answers, in order");
    for n in 0..tasks {
        if answers.len() == P::WINDOW {
            answers.pop_front().into_iter().for_each(&mut collect);
        }
        answers.push_back(pool.submit(n));
    }
    answers.into_iter().for_each(collect);
}
