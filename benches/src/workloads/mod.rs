//! What the pools do while the clock runs. One code for all Rust contestants.

mod allocations;
mod burst;
pub(crate) mod idle;
mod idle_trip;
pub(crate) mod life;
pub(crate) mod map;
mod memory;
pub(crate) mod nested;
pub(crate) mod payload;
pub(crate) mod queued;
mod round_trip;
mod sleeps;
pub(crate) mod speed_up;
pub(crate) mod work;

use std::collections::BTreeSet;

use crate::contestants::pool::{Pool, ProcessPool, ThreadPool, first_results, meet};
use crate::figure::Sample;
use crate::scenario::{Scenario, Workload};

/// One repetition of a scenario on a pool of processes, if any of them can do it.
pub(crate) fn on_processes<P: ProcessPool>(scenario: Scenario) -> Vec<Sample> {
    match scenario.workload {
        Workload::Life { lives } => {
            (0..lives).flat_map(|_| life::measure(|| start::<P>(scenario.workers), P::stop)).collect()
        }
        Workload::Burst { tasks } if tasks > P::BURST => Vec::new(),
        _ => common::<P>(scenario.workload).map_or_else(Vec::new, |measure| with_processes(scenario.workers, measure)),
    }
}

/// One repetition of a scenario on a pool of threads, if any of them can do it.
pub(crate) fn on_threads<P: ThreadPool>(scenario: Scenario) -> Vec<Sample> {
    let with = |measure: &dyn Fn(&P) -> Vec<Sample>| with_threads(scenario.workers, measure);
    match scenario.workload {
        Workload::Sleeps { tasks } => with(&|pool| sleeps::measure(pool, tasks)),
        Workload::Allocations { tasks } => with(&|pool| allocations::measure(pool, tasks)),
        Workload::Queued { tasks } => with(&|pool| queued::on_threads(pool, tasks)),
        _ => common::<P>(scenario.workload).map_or_else(Vec::new, |measure| with_threads(scenario.workers, measure)),
    }
}

/// Measures something on a pool that is ready.
type Measure<P> = Box<dyn FnOnce(&P) -> Vec<Sample>>;

/// What any pool can do, if the workload is that.
fn common<P: Pool>(workload: Workload) -> Option<Measure<P>> {
    match workload {
        Workload::RoundTrip { calls } => Some(Box::new(move |pool| round_trip::measure(pool, calls))),
        Workload::IdleTrip { calls } => Some(Box::new(move |pool| idle_trip::measure(pool, calls))),
        Workload::Burst { tasks } => Some(Box::new(move |pool| burst::measure(pool, tasks))),
        _ => None,
    }
}

/// Measures on a fresh pool, on which every process has worked before.
pub(crate) fn with_processes<P: ProcessPool>(workers: usize, measure: impl FnOnce(&P) -> Vec<Sample>) -> Vec<Sample> {
    let (pool, _) = start::<P>(workers);
    let samples = measure(&pool);
    pool.stop();
    samples
}

/// A pool each of whose processes has given a first result, and who these are.
fn start<P: ProcessPool>(workers: usize) -> (P, BTreeSet<u64>) {
    let pool = P::start(workers);
    let pids = first_results(&pool, workers);
    (pool, pids)
}

/// Measures on a fresh pool, on which every thread has worked before.
pub(crate) fn with_threads<P: ThreadPool>(workers: usize, measure: impl FnOnce(&P) -> Vec<Sample>) -> Vec<Sample> {
    let pool = P::start(workers);
    meet(&pool, workers);
    let samples = measure(&pool);
    pool.stop();
    samples
}

/// Calls `n` after `n`, each waited for and checked.
fn call<P: Pool>(pool: &P, n: u64) {
    assert_eq!(pool.wait(pool.submit(n)), n + 1, "the answer to {n}");
}
