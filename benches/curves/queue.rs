//! Tasks that wait while the only worker is busy.

use std::process;

use crate::footprint;
use crate::gate::Gate;
use crate::pool::{Kind, Pool, collect, successor};

/// What the memory of parent and worker grows by with so many tasks that wait, their futures among it.
pub(crate) fn len_bytes(kind: Kind, tasks: u64) -> f64 {
    let pool = Pool::start(kind, 1);
    // So that code and buffers that the first calls touch do not count.
    for n in 0..10 {
        collect([pool.submit(successor::task(n))], n);
    }
    let gate = Gate::close(&pool, 1);
    let mut pids = gate.pids.clone();
    pids.insert(process::id());
    let before = footprint::bytes(pids.iter().copied());
    // Its pages are touched, and count, as the futures come.
    let mut answers = Vec::with_capacity(usize::try_from(tasks).expect("they fit into memory"));
    answers.extend((0..tasks).map(|n| pool.submit(successor::task(n))));
    let after = footprint::bytes(pids);
    gate.open();
    collect(answers, 0);
    pool.stop();
    after - before
}
