//! Workers, each of which has started and has a task.

use std::process;

use crate::gate::Gate;
use crate::pool::{Kind, Pool};
use crate::{float, footprint};

/// What the pool has made the memory of the parent and of all workers grow by, divided among the workers.
pub(crate) fn bytes_per_worker(kind: Kind, workers: usize) -> f64 {
    let before = footprint::bytes([process::id()]);
    let pool = Pool::start(kind, workers);
    let gate = Gate::close(&pool, workers);
    let mut pids = gate.pids.clone();
    let expected = if kind == Kind::Processes { workers } else { 1 };
    assert_eq!(pids.len(), expected, "each worker has a task");
    pids.insert(process::id());
    let after = footprint::bytes(pids);
    gate.open();
    pool.stop();
    (after - before) / float(workers as u64)
}
