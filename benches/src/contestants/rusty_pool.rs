//! The crate `rusty_pool`.

use std::time::Duration;

use rusty_pool::JoinHandle;

use super::pool::{Pool, ThreadPool};
use super::tasks::successor;

pub(crate) struct RustyPool(rusty_pool::ThreadPool);

impl Pool for RustyPool {
    type Answer = JoinHandle<u64>;

    fn start(workers: usize) -> Self {
        Self(rusty_pool::ThreadPool::new(workers, workers, Duration::from_mins(1)))
    }

    fn submit(&self, n: u64) -> Self::Answer {
        self.run(move || successor(n))
    }

    fn wait(&self, answer: Self::Answer) -> u64 {
        answer.await_complete()
    }

    fn stop(self) {
        self.0.shutdown_join();
    }
}

impl ThreadPool for RustyPool {
    fn run(&self, job: impl FnOnce() -> u64 + Send + 'static) -> Self::Answer {
        self.0.evaluate(job)
    }
}
