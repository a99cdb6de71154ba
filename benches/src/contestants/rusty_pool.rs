//! The crate `rusty_pool`.

use std::time::Duration;

use rusty_pool::{JoinHandle, ThreadPool};

use super::{Pool, meeting, successor};

pub(crate) struct RustyPool(ThreadPool);

impl Pool for RustyPool {
    type Answer = JoinHandle<u64>;

    fn start(workers: usize) -> Self {
        Self(ThreadPool::new(workers, workers, Duration::from_mins(1)))
    }

    fn submit(&self, n: u64) -> Self::Answer {
        self.0.evaluate(move || successor(n))
    }

    fn wait(&self, answer: Self::Answer) -> u64 {
        answer.await_complete()
    }

    fn rally(&self, workers: usize) {
        let attending: Vec<_> = meeting(workers).map(|attend| self.0.evaluate(attend)).collect();
        for answer in attending {
            self.wait(answer);
        }
    }

    fn stop(self) {
        self.0.shutdown_join();
    }
}
