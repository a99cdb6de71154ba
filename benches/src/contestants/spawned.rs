//! The bare process: this program started by one `posix_spawn` for each worker, which says one byte and waits.

use executor_bench_limits::Spawned;

use crate::figure::Sample;
use crate::scenario::{Scenario, Workload};
use crate::workloads::{life, speed_up};

/// One repetition of pools that come and go.
pub(super) fn lives(scenario: Scenario) -> Vec<Sample> {
    let Workload::Life { lives } = scenario.workload else { return Vec::new() };
    let start = || {
        let children = start(scenario.workers);
        let pids = children.iter().map(|child| u64::from(child.pid())).collect();
        (children, pids)
    };
    (0..lives).flat_map(|_| life::measure(start, stop)).collect()
}

/// One repetition of tasks that compute: each child gets its share at once, and is not heard of before it has done it.
pub(super) fn shares(scenario: Scenario) -> Vec<Sample> {
    let Workload::SpeedUp { tasks, mixed } = scenario.workload else { return Vec::new() };
    let mut children = start(scenario.workers);
    let samples = speed_up::measure(&speed_up::lengths(tasks, mixed), |lengths| {
        let shares = speed_up::shares(lengths, children.len());
        children.iter_mut().zip(&shares).for_each(|(child, share)| child.tell(share));
        children.iter_mut().for_each(Spawned::heard);
        shares.iter().flatten().sum()
    });
    stop(children);
    samples
}

/// All are started before the first is waited for.
fn start(workers: usize) -> Vec<Spawned> {
    let mut children: Vec<_> = (0..workers).map(|_| Spawned::start()).collect();
    children.iter_mut().for_each(Spawned::heard);
    children
}

fn stop(children: Vec<Spawned>) {
    children.iter().for_each(Spawned::close);
    children.into_iter().for_each(Spawned::reap);
}
