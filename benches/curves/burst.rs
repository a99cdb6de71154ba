//! Everything at once: all tasks are submitted, then all results collected in the order of submission.

use std::collections::VecDeque;
use std::time::Instant;

use crate::gate::Gate;
use crate::pool::{Kind, Pool, collect, successor};
use crate::{float, median};

/// A short burst is repeated until so many tasks have run, but not more often than [`MOST_ROUNDS`].
const TASKS: u64 = 100_000;
const MOST_ROUNDS: u64 = 20;

/// The median of several bursts.
pub(crate) fn seconds_per_task(kind: Kind, workers: usize, tasks: u64, window: usize) -> f64 {
    let pool = Pool::start(kind, workers);
    Gate::close(&pool, workers).open();
    run(&pool, (tasks / 20).max(100), window);
    let rounds = (TASKS / tasks).clamp(1, MOST_ROUNDS);
    let rounds = (0..rounds).map(|_| {
        let started = Instant::now();
        run(&pool, tasks, window);
        started.elapsed().as_secs_f64() / float(tasks)
    });
    let measured = median(rounds.collect());
    pool.stop();
    measured
}

fn run(pool: &Pool, tasks: u64, window: usize) {
    let mut answers = VecDeque::new();
    let mut collected = 0;
    for n in 0..tasks {
        if answers.len() == window {
            collect(answers.pop_front(), collected);
            collected += 1;
        }
        answers.push_back(pool.submit(successor::task(n)));
    }
    collect(answers, collected);
}
