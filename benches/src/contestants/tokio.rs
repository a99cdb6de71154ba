//! tokio's `spawn_blocking`: its way to run what does not await.

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use super::pool::{Pool, ThreadPool};
use super::tasks::successor;

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
