//! procspawn's pool of processes.

use std::collections::VecDeque;

use procspawn::JoinHandle;
use serde_bytes::ByteBuf;

use super::pool::{Pool, ProcessPool};
use super::tasks::successor;
use crate::figure::Sample;
use crate::scenario::{Scenario, Workload};
use crate::workloads::{map, on_processes, payload, with_processes};

/// Maps in chunks made by hand, and has its bytes by `serde_bytes`.
pub(super) fn measure(scenario: Scenario) -> Vec<Sample> {
    let with = |measure: &dyn Fn(&Procspawn) -> Vec<Sample>| with_processes(scenario.workers, measure);
    match scenario.workload {
        Workload::Map { items } => with(&|pool| map::measure(|items| pool.sum(items), items)),
        Workload::Payload { len, calls, again } => {
            with(&|pool| payload::measure(|bytes| pool.echo(bytes), len, calls, again))
        }
        _ => on_processes::<Procspawn>(scenario),
    }
}

pub(crate) struct Procspawn(procspawn::Pool);

impl Pool for Procspawn {
    type Answer = JoinHandle<u64>;

    /// Each outstanding call holds several descriptors: 20,000 at once end in EMFILE.
    const WINDOW: usize = 256;

    fn start(workers: usize) -> Self {
        Self(procspawn::Pool::new(workers).expect("a pool of processes"))
    }

    fn submit(&self, n: u64) -> Self::Answer {
        self.0.spawn(n, successor)
    }

    fn wait(&self, answer: Self::Answer) -> u64 {
        answer.join().expect("the task cannot fail")
    }

    fn stop(self) {
        self.0.shutdown();
    }
}

impl ProcessPool for Procspawn {
    const BURST: u64 = 100_000;

    fn submit_pid(&self) -> Self::Answer {
        self.0.spawn((), |()| u64::from(std::process::id()))
    }
}

/// How many numbers go in one call of a map.
const CHUNK: u64 = 16_384;

impl Procspawn {
    /// Two chunks under way: with more large ones it hung.
    fn sum(&self, items: u64) -> u64 {
        let collect = |chunk: JoinHandle<Vec<u64>>| chunk.join().expect("the task cannot fail").iter().sum::<u64>();
        let mut under_way = VecDeque::new();
        let mut sum = 0;
        for start in (0..items).step_by(usize::try_from(CHUNK).expect("small")) {
            if under_way.len() == 2 {
                sum += under_way.pop_front().map_or(0, collect);
            }
            let chunk: Vec<u64> = (start..items.min(start + CHUNK)).collect();
            under_way.push_back(self.0.spawn(chunk, |chunk| chunk.into_iter().map(successor).collect()));
        }
        sum + under_way.into_iter().map(collect).sum::<u64>()
    }

    fn echo(&self, bytes: Vec<u8>) -> Vec<u8> {
        self.0.spawn(ByteBuf::from(bytes), |bytes| bytes).join().expect("the task cannot fail").into_vec()
    }
}
