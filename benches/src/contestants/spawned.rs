//! The bare process: this program started by one `posix_spawn` for each worker, which says one byte and waits.

use executor_bench_limits::Spawned;

use crate::figure::Sample;
use crate::scenario::{Scenario, Workload};
use crate::workloads::life;

/// One repetition of pools that come and go.
pub(super) fn measure(scenario: Scenario) -> Vec<Sample> {
    let Workload::Life { lives } = scenario.workload else { return Vec::new() };
    let start = || {
        let mut children: Vec<_> = (0..scenario.workers).map(|_| Spawned::start()).collect();
        children.iter_mut().for_each(Spawned::heard);
        let pids = children.iter().map(|child| u64::from(child.pid())).collect();
        (children, pids)
    };
    let stop = |children: Vec<Spawned>| {
        children.iter().for_each(Spawned::close);
        children.into_iter().for_each(Spawned::reap);
    };
    (0..lives).flat_map(|_| life::measure(start, stop)).collect()
}
