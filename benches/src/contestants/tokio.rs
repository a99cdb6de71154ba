//! tokio's `spawn_blocking`, its way to run what does not await, and its tasks, which wait for tasks.

use std::pin::Pin;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use super::pool::{Pool, ThreadPool};
use super::tasks::successor;
use crate::figure::Sample;
use crate::scenario::{Scenario, Workload};
use crate::workloads::nested;

pub(crate) struct Tokio(Runtime);

impl Pool for Tokio {
    type Answer = JoinHandle<u64>;

    fn start(workers: usize) -> Self {
        let mut builder = Builder::new_multi_thread();
        Self(builder.worker_threads(1).max_blocking_threads(workers).build().expect("a runtime"))
    }

    fn submit(&self, n: u64) -> Self::Answer {
        self.run(move || successor(n))
    }

    fn wait(&self, answer: Self::Answer) -> u64 {
        self.0.block_on(answer).expect("the task cannot fail")
    }

    fn stop(self) {}
}

impl ThreadPool for Tokio {
    fn run(&self, job: impl FnOnce() -> u64 + Send + 'static) -> Self::Answer {
        self.0.spawn_blocking(job)
    }
}

/// Submits from inside by `spawn`, and does nothing else.
pub(super) fn spawn(scenario: Scenario) -> Vec<Sample> {
    let Workload::Nested { n } = scenario.workload else { return Vec::new() };
    let runtime = Builder::new_multi_thread().worker_threads(scenario.workers).build().expect("a runtime");
    let run = |n| runtime.block_on(async { tokio::spawn(fib(n)).await.expect("the task cannot fail") });
    nested::measure(run, n)
}

fn fib(n: u64) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move {
        if n < 2 {
            return n;
        }
        let first = tokio::spawn(fib(n - 1));
        let second = fib(n - 2).await;
        first.await.expect("the task cannot fail") + second
    })
}
