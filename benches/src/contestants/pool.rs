//! Pools as the workloads see them.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};

/// What every pool can do.
pub(crate) trait Pool {
    /// What `submit` gives: the pool's future, or what stands in for one.
    type Answer;

    /// How many answers may be outstanding at once before the pool, or the system, gives up.
    const WINDOW: usize = usize::MAX;

    fn start(workers: usize) -> Self;

    /// Has a worker run [`successor`](super::tasks::successor).
    fn submit(&self, n: u64) -> Self::Answer;

    fn wait(&self, answer: Self::Answer) -> u64;

    /// Ends the workers, and returns when they have ended.
    fn stop(self);
}

/// A pool whose workers are processes.
pub(crate) trait ProcessPool: Pool {
    /// The longest burst it takes part in: with a longer one it would take minutes.
    const BURST: u64 = u64::MAX;

    /// Has a worker tell its process id.
    fn submit_pid(&self) -> Self::Answer;
}

/// A pool whose workers are threads.
pub(crate) trait ThreadPool: Pool {
    fn run(&self, job: impl FnOnce() -> u64 + Send + 'static) -> Self::Answer;
}

/// Submits in rounds, one call for each worker, until all workers have answered; says who they are.
pub(crate) fn first_results<P: ProcessPool>(pool: &P, workers: usize) -> BTreeSet<u64> {
    let mut pids = BTreeSet::new();
    while pids.len() < workers {
        let answers: Vec<_> = (0..workers).map(|_| pool.submit_pid()).collect();
        pids.extend(answers.into_iter().map(|answer| pool.wait(answer)));
    }
    pids
}

/// Returns when each thread has run a job: they end when all of them have begun, so that each is on a thread of its own.
pub(crate) fn meet<P: ThreadPool>(pool: &P, workers: usize) {
    let barrier = Arc::new(Barrier::new(workers));
    let attend = |_| {
        let barrier = Arc::clone(&barrier);
        pool.run(move || {
            barrier.wait();
            0
        })
    };
    let attending: Vec<_> = (0..workers).map(attend).collect();
    for answer in attending {
        pool.wait(answer);
    }
}
