//! procspawn's pool of processes.

use std::collections::VecDeque;

use procspawn::JoinHandle;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_bytes::ByteBuf;

use super::pool::{Pool, ProcessPool, first_results};
use super::tasks::{Order, Receipt, busy, sell, successor};
use crate::figure::Sample;
use crate::scenario::{Scenario, Shape, Workload};
use crate::workloads::{map, on_processes, payload, queued, speed_up, with_processes};

/// Maps in chunks made by hand, and has its bytes by `serde_bytes`.
pub(super) fn measure(scenario: Scenario) -> Vec<Sample> {
    let with = |measure: &dyn Fn(&Procspawn) -> Vec<Sample>| with_processes(scenario.workers, measure);
    match scenario.workload {
        Workload::Map { items, shape } => with(&|pool| map::measure(shape, |items| pool.sum(shape, items), items)),
        Workload::Payload { len, calls, again } => {
            with(&|pool| payload::measure(|bytes| pool.echo(bytes), len, calls, again))
        }
        Workload::SpeedUp { tasks, mixed } => {
            with(&|pool| speed_up::measure(&speed_up::lengths(tasks, mixed), |lengths| pool.compute(lengths)))
        }
        Workload::Queued { tasks } => {
            with(&|pool| queued::on_processes(pool, &first_results(pool, scenario.workers), tasks))
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
    const BURST: u64 = 50_000;

    fn submit_pid(&self) -> Self::Answer {
        self.0.spawn((), |()| u64::from(std::process::id()))
    }
}

/// How many items go in one call of a map.
const CHUNK: u64 = 16_384;

impl Procspawn {
    fn sum(&self, shape: Shape, items: u64) -> u64 {
        match shape {
            Shape::Numbers => self.sum_chunks(items, |n| n, |chunk| chunk.into_iter().map(successor).collect(), |n| *n),
            Shape::Structs => {
                self.sum_chunks(items, Order::nth, |chunk| chunk.into_iter().map(sell).collect(), Receipt::sum)
            }
        }
    }

    /// Two chunks under way: with more large ones it hung.
    fn sum_chunks<A, R>(&self, items: u64, item: fn(u64) -> A, run: fn(Vec<A>) -> Vec<R>, value: fn(&R) -> u64) -> u64
    where
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned + Send + 'static,
    {
        let collect =
            |chunk: JoinHandle<Vec<R>>| -> u64 { chunk.join().expect("the task cannot fail").iter().map(value).sum() };
        let mut under_way = VecDeque::new();
        let mut sum = 0;
        for start in (0..items).step_by(usize::try_from(CHUNK).expect("small")) {
            if under_way.len() == 2 {
                sum += under_way.pop_front().map_or(0, collect);
            }
            let chunk: Vec<A> = (start..items.min(start + CHUNK)).map(item).collect();
            under_way.push_back(self.0.spawn(chunk, run));
        }
        sum + under_way.into_iter().map(collect).sum::<u64>()
    }

    fn compute(&self, lengths: &[u64]) -> u64 {
        let calls: Vec<_> = lengths.iter().map(|micros| self.0.spawn(*micros, busy)).collect();
        calls.into_iter().map(|call| self.wait(call)).sum()
    }

    fn echo(&self, bytes: Vec<u8>) -> Vec<u8> {
        self.0.spawn(ByteBuf::from(bytes), |bytes| bytes).join().expect("the task cannot fail").into_vec()
    }
}
