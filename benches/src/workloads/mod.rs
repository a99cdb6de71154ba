//! What the pools do while the clock runs. One code for all Rust contestants.

mod burst;
mod idle_trip;
mod life;
mod map;
mod memory;
mod payload;
mod round_trip;
mod work;

use crate::contestants::socket::Echo;
use crate::contestants::{Pool, ProcessPool};
use crate::figure::Sample;
use crate::scenario::{Scenario, Workload};

/// One repetition of a scenario on a pool of processes.
pub(crate) fn on_processes<P: ProcessPool>(scenario: Scenario) -> Vec<Sample> {
    match scenario.workload {
        Workload::Life { lives } => (0..lives).flat_map(|_| life::measure::<P>(scenario.workers)).collect(),
        Workload::Map { items } if P::MAPS => {
            with(scenario.workers, |pool: &P| map::measure(|items| pool.sum(items), items))
        }
        Workload::Payload { len, calls, again } if P::ECHOES => {
            with(scenario.workers, |pool: &P| payload::measure(|bytes| pool.echo(bytes), len, calls, again))
        }
        Workload::Map { .. } | Workload::Payload { .. } => Vec::new(),
        Workload::Burst { tasks } if tasks > P::BURST => Vec::new(),
        _ => on_any::<P>(scenario),
    }
}

/// The payloads of a socket with nothing on top.
pub(crate) fn on_socket(scenario: Scenario) -> Vec<Sample> {
    let Workload::Payload { len, calls, again } = scenario.workload else { return Vec::new() };
    let mut socket = Echo::start();
    let samples = payload::measure(|bytes| socket.echo(bytes), len, calls, again);
    socket.stop();
    samples
}

/// One repetition of a scenario on any pool: a fresh one, on which every worker has worked before.
pub(crate) fn on_any<P: Pool>(scenario: Scenario) -> Vec<Sample> {
    with(scenario.workers, |pool: &P| match scenario.workload {
        Workload::RoundTrip { calls } => round_trip::measure(pool, calls),
        Workload::IdleTrip { calls } => idle_trip::measure(pool, calls),
        Workload::Burst { tasks } => burst::measure(pool, tasks),
        Workload::Work { tasks } if P::WORKS => work::measure(|tasks| pool.work(tasks), tasks),
        // Threads have neither a start-up that counts nor memory of their own, and nothing to encode; not every pool works.
        Workload::Life { .. } | Workload::Map { .. } | Workload::Payload { .. } | Workload::Work { .. } => Vec::new(),
    })
}

fn with<P: Pool>(workers: usize, measure: impl FnOnce(&P) -> Vec<Sample>) -> Vec<Sample> {
    let pool = P::start(workers);
    pool.rally(workers);
    let samples = measure(&pool);
    pool.stop();
    samples
}

/// Calls `n` after `n`, each waited for and checked.
fn call<P: Pool>(pool: &P, n: u64) {
    assert_eq!(pool.wait(pool.submit(n)), n + 1, "the answer to {n}");
}
