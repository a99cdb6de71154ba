//! executor-runtime.

use executor_runtime::Transport;
use executor_runtime::prelude::*;

use super::pool::{Pool, ProcessPool, ThreadPool};
use super::tasks;
use crate::figure::Sample;
use crate::scenario::{Scenario, Workload};
use crate::workloads::{self, map, payload, with_processes, with_threads, work};

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

/// One repetition of a workload on processes.
pub(super) fn on_processes<const PORTABLE: bool>(scenario: Scenario) -> Vec<Sample> {
    let with = |measure: &dyn Fn(&Processes<PORTABLE>) -> Vec<Sample>| with_processes(scenario.workers, measure);
    match scenario.workload {
        Workload::Map { items } => with(&|pool| map::measure(|items| pool.sum(items), items)),
        Workload::Payload { len, calls, again } => {
            with(&|pool| payload::measure(|bytes| pool.echo(bytes), len, calls, again))
        }
        _ => workloads::on_processes::<Processes<PORTABLE>>(scenario),
    }
}

/// One repetition of a workload on threads.
pub(super) fn on_threads(scenario: Scenario) -> Vec<Sample> {
    let with = |measure: &dyn Fn(&Threads) -> Vec<Sample>| with_threads(scenario.workers, measure);
    match scenario.workload {
        Workload::Work { tasks } => with(&|pool| work::measure(|tasks| pool.work(tasks), tasks)),
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
        answer.result().expect("the task cannot fail")
    }

    fn stop(self) {
        self.0.shutdown(Shutdown::Drain);
    }
}

impl<const PORTABLE: bool> ProcessPool for Processes<PORTABLE> {
    const BURST: u64 = if PORTABLE { 100_000 } else { u64::MAX };

    fn submit_pid(&self) -> Self::Answer {
        self.0.submit(pid::task())
    }
}

impl<const PORTABLE: bool> Processes<PORTABLE> {
    fn sum(&self, items: u64) -> u64 {
        self.0.map(successor::task, 0..items).map(|answer| answer.expect("the task cannot fail")).sum()
    }

    fn echo(&self, bytes: Vec<u8>) -> Vec<u8> {
        self.0.submit(echo::task(bytes)).result().expect("the task cannot fail")
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
        answer.result().expect("the task cannot fail")
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
        self.0.map(|_| tasks::short_work, 0..tasks).map(|done| done.expect("the task cannot fail")).sum()
    }
}
