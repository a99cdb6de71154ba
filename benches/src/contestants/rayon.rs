//! rayon: its `spawn`, and the ways that it has for what others do by submitting.

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::oneshot::Threads;
use super::tasks::short_work;
use crate::figure::Sample;
use crate::scenario::{Scenario, Workload};
use crate::workloads::{nested, work};

pub(crate) struct Rayon(rayon::ThreadPool);

impl Threads for Rayon {
    fn start(workers: usize) -> Self {
        Self(pool(workers))
    }

    fn spawn(&self, job: impl FnOnce() + Send + 'static) {
        self.0.spawn(job);
    }

    fn stop(self) {}
}

/// Maps by `par_iter`, and does nothing else.
pub(super) fn par_iter(scenario: Scenario) -> Vec<Sample> {
    let Workload::Work { tasks } = scenario.workload else { return Vec::new() };
    let pool = pool(scenario.workers);
    work::measure(|tasks| pool.install(|| (0..tasks).into_par_iter().map(|_| short_work()).sum()), tasks)
}

/// Submits from inside by `join`, and does nothing else.
pub(super) fn join(scenario: Scenario) -> Vec<Sample> {
    fn fib(n: u64) -> u64 {
        if n < 2 {
            return n;
        }
        let (first, second) = rayon::join(|| fib(n - 1), || fib(n - 2));
        first + second
    }
    nested(scenario, fib)
}

/// Submits from inside by `scope`, and does nothing else.
pub(super) fn scope(scenario: Scenario) -> Vec<Sample> {
    fn fib(n: u64) -> u64 {
        if n < 2 {
            return n;
        }
        let (mut first, mut second) = (0, 0);
        rayon::scope(|scope| {
            scope.spawn(|_| first = fib(n - 1));
            second = fib(n - 2);
        });
        first + second
    }
    nested(scenario, fib)
}

fn nested(scenario: Scenario, fib: fn(u64) -> u64) -> Vec<Sample> {
    let Workload::Nested { n } = scenario.workload else { return Vec::new() };
    let pool = pool(scenario.workers);
    nested::measure(|n| pool.install(|| fib(n)), n)
}

fn pool(workers: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(workers).build().expect("a pool of threads")
}
