//! tokio's `spawn_blocking`: its way to run what does not await.

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use super::{Pool, meeting, successor};

pub(crate) struct Tokio(Runtime);

impl Pool for Tokio {
    type Answer = JoinHandle<u64>;

    fn start(workers: usize) -> Self {
        let mut builder = Builder::new_multi_thread();
        Self(builder.worker_threads(1).max_blocking_threads(workers).build().expect("a runtime"))
    }

    fn submit(&self, n: u64) -> Self::Answer {
        self.0.spawn_blocking(move || successor(n))
    }

    fn wait(&self, answer: Self::Answer) -> u64 {
        self.0.block_on(answer).expect("the task cannot fail")
    }

    fn rally(&self, workers: usize) {
        let attending: Vec<_> = meeting(workers).map(|attend| self.0.spawn_blocking(attend)).collect();
        for answer in attending {
            self.wait(answer);
        }
    }

    fn stop(self) {}
}
