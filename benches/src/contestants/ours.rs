//! executor-runtime.

use std::collections::BTreeSet;

use executor_runtime::Transport;
use executor_runtime::prelude::*;

use super::pool::{Pool, ProcessPool, ThreadPool, first_results};
use super::tasks::{self, Order, Receipt};
use crate::figure::Sample;
use crate::scenario::{Scenario, Shape, Workload};
use crate::workloads::{self, idle, map, nested, payload, queued, speed_up, with_processes, with_threads, work};

#[pool_task(process)]
fn successor(n: u64) -> u64 {
    tasks::successor(n)
}

#[pool_task(process)]
fn pid() -> u64 {
    u64::from(std::process::id())
}

#[pool_task(process)]
fn echo(bytes: Vec<u8>) -> Vec<u8> {
    bytes
}

#[pool_task(process)]
fn busy(micros: u64) -> u64 {
    tasks::busy(micros)
}

#[pool_task(process)]
fn sell(order: Order) -> Receipt {
    tasks::sell(order)
}

/// One repetition of a workload on processes.
pub(super) fn on_processes<const PORTABLE: bool>(scenario: Scenario) -> Vec<Sample> {
    let with = |measure: &dyn Fn(&Processes<PORTABLE>) -> Vec<Sample>| with_processes(scenario.workers, measure);
    match scenario.workload {
        // Five seconds for what the other link does in a quarter of one.
        Workload::Map { shape: Shape::Structs, .. } if PORTABLE => Vec::new(),
        Workload::Map { items, shape } => with(&|pool| map::measure(shape, |items| pool.sum(shape, items), items)),
        Workload::Payload { len, calls, again } => {
            with(&|pool| payload::measure(|bytes| pool.echo(bytes), len, calls, again))
        }
        Workload::Idle { millis } => with(&|pool| idle::measure(&first_results(pool, scenario.workers), millis)),
        Workload::SpeedUp { tasks, mixed } => {
            with(&|pool| speed_up::measure(&speed_up::lengths(tasks, mixed), |lengths| pool.compute(lengths)))
        }
        Workload::Queued { tasks } => {
            with(&|pool| queued::on_processes(pool, &first_results(pool, scenario.workers), tasks))
        }
        _ => workloads::on_processes::<Processes<PORTABLE>>(scenario),
    }
}

/// One repetition of a workload on threads.
pub(super) fn on_threads(scenario: Scenario) -> Vec<Sample> {
    let with = |measure: &dyn Fn(&Threads) -> Vec<Sample>| with_threads(scenario.workers, measure);
    match scenario.workload {
        Workload::Work { tasks } => with(&|pool| work::measure(|tasks| pool.work(tasks), tasks)),
        Workload::Nested { n } => with(&|pool| nested::measure(|n| fib(&pool.0, n), n)),
        Workload::Idle { millis } => with(&|_| idle::measure(&BTreeSet::new(), millis)),
        _ => workloads::on_threads::<Threads>(scenario),
    }
}

/// Over the portable link, or over the one that is the default.
pub(crate) struct Processes<const PORTABLE: bool>(ProcessPoolExecutor);

impl<const PORTABLE: bool> Pool for Processes<PORTABLE> {
    type Answer = TaskFuture<u64>;

    fn start(workers: usize) -> Self {
        let transport = if PORTABLE { Transport::IpcChannel } else { Transport::default() };
        let builder = ProcessPoolExecutor::builder().max_workers(workers).transport(transport);
        Self(builder.build().expect("a pool of processes"))
    }

    fn submit(&self, n: u64) -> Self::Answer {
        self.0.submit(successor::task(n))
    }

    fn wait(&self, answer: Self::Answer) -> u64 {
        value(answer.result())
    }

    fn stop(self) {
        self.0.shutdown(Shutdown::Drain);
    }
}

impl<const PORTABLE: bool> ProcessPool for Processes<PORTABLE> {
    const BURST: u64 = if PORTABLE { 50_000 } else { u64::MAX };

    fn submit_pid(&self) -> Self::Answer {
        self.0.submit(pid::task())
    }
}

impl<const PORTABLE: bool> Processes<PORTABLE> {
    fn sum(&self, shape: Shape, items: u64) -> u64 {
        match shape {
            Shape::Numbers => self.0.map(successor::task, 0..items).map(value).sum(),
            Shape::Structs => {
                let receipts = self.0.map(sell::task, (0..items).map(Order::nth));
                receipts.map(|receipt| value(receipt).sum()).sum()
            }
        }
    }

    fn compute(&self, lengths: &[u64]) -> u64 {
        let futures: Vec<_> = lengths.iter().map(|micros| self.0.submit(busy::task(*micros))).collect();
        futures.into_iter().map(|future| value(future.result())).sum()
    }

    fn echo(&self, bytes: Vec<u8>) -> Vec<u8> {
        value(self.0.submit(echo::task(bytes)).result())
    }
}

pub(crate) struct Threads(ThreadPoolExecutor);

impl Pool for Threads {
    type Answer = TaskFuture<u64>;

    fn start(workers: usize) -> Self {
        Self(ThreadPoolExecutor::new(workers).expect("a pool of threads"))
    }

    fn submit(&self, n: u64) -> Self::Answer {
        self.run(move || tasks::successor(n))
    }

    fn wait(&self, answer: Self::Answer) -> u64 {
        value(answer.result())
    }

    fn stop(self) {
        self.0.shutdown(Shutdown::Drain);
    }
}

impl ThreadPool for Threads {
    fn run(&self, job: impl FnOnce() -> u64 + Send + 'static) -> Self::Answer {
        self.0.submit(job)
    }
}

impl Threads {
    fn work(&self, tasks: u64) -> u64 {
        self.0.map(|_| tasks::short_work, 0..tasks).map(value).sum()
    }
}

/// One of each two calls is submitted; who waits for it runs it if nobody else has.
fn fib(pool: &ThreadPoolExecutor, n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let inside = pool.clone();
    let first = pool.submit(move || fib(&inside, n - 1));
    let second = fib(pool, n - 2);
    value(first.result()) + second
}

fn value<T>(result: Result<T, TaskError>) -> T {
    result.expect("the task cannot fail")
}
