//! executor-runtime.

use executor_runtime::Transport;
use executor_runtime::prelude::*;

use super::{Pool, ProcessPool, first_results, meeting};

#[pool_task(process)]
fn successor(n: u64) -> u64 {
    super::successor(n)
}

#[pool_task(process)]
fn pid() -> u64 {
    u64::from(std::process::id())
}

#[pool_task(process)]
fn echo(bytes: Vec<u8>) -> Vec<u8> {
    bytes
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

    fn rally(&self, workers: usize) {
        first_results(self, workers);
    }

    fn stop(self) {
        self.0.shutdown(Shutdown::Drain);
    }
}

impl<const PORTABLE: bool> ProcessPool for Processes<PORTABLE> {
    const MAPS: bool = true;
    const ECHOES: bool = true;
    const BURST: u64 = if PORTABLE { 100_000 } else { u64::MAX };

    fn submit_pid(&self) -> Self::Answer {
        self.0.submit(pid::task())
    }

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

    const WORKS: bool = true;

    fn work(&self, tasks: u64) -> u64 {
        self.0.map(|_| super::short_work, 0..tasks).map(|done| done.expect("the task cannot fail")).sum()
    }

    fn start(workers: usize) -> Self {
        Self(ThreadPoolExecutor::new(workers).expect("a pool of threads"))
    }

    fn submit(&self, n: u64) -> Self::Answer {
        self.0.submit(move || super::successor(n))
    }

    fn wait(&self, answer: Self::Answer) -> u64 {
        answer.result().expect("the task cannot fail")
    }

    fn rally(&self, workers: usize) {
        let attending: Vec<_> = meeting(workers).map(|attend| self.0.submit(attend)).collect();
        for answer in attending {
            self.wait(answer);
        }
    }

    fn stop(self) {
        self.0.shutdown(Shutdown::Drain);
    }
}
