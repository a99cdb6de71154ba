//! What the pools do while the clock runs. One code for all Rust contestants.

mod burst;
mod life;
mod memory;
mod round_trip;

use crate::contestants::{Pool, ProcessPool};
use crate::figure::Sample;
use crate::scenario::{Scenario, Workload};

/// One repetition of a scenario on a pool of processes.
pub(crate) fn on_processes<P: ProcessPool>(scenario: Scenario) -> Vec<Sample> {
    match scenario.workload {
        Workload::Life { lives } => (0..lives).flat_map(|_| life::measure::<P>(scenario.workers)).collect(),
        _ => on_any::<P>(scenario),
    }
}

/// One repetition of a scenario on any pool: a fresh one, on which every worker has worked before.
pub(crate) fn on_any<P: Pool>(scenario: Scenario) -> Vec<Sample> {
    let pool = P::start(scenario.workers);
    pool.rally(scenario.workers);
    let samples = match scenario.workload {
        Workload::RoundTrip { calls } => round_trip::measure(&pool, calls),
        Workload::Burst { tasks } => burst::measure(&pool, tasks),
        // Threads have neither a start-up that counts nor memory of their own.
        Workload::Life { .. } => Vec::new(),
    };
    pool.stop();
    samples
}

/// Calls `n` after `n`, each waited for and checked.
fn call<P: Pool>(pool: &P, n: u64) {
    assert_eq!(pool.wait(pool.submit(n)), n + 1, "the answer to {n}");
}
