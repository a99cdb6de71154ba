//! A future for pools that give none: the lightest channel for one value.

use oneshot::Receiver;

use super::pool::{Pool, ThreadPool};
use super::tasks::successor;

/// Threads that run closures and tell nothing of it.
pub(super) trait Threads {
    fn start(workers: usize) -> Self;

    fn spawn(&self, job: impl FnOnce() + Send + 'static);

    /// Ends the threads, and returns when they have ended.
    fn stop(self);
}

/// Such threads, with a channel for each result.
pub(crate) struct WithOneshot<T>(T);

impl<T: Threads> Pool for WithOneshot<T> {
    type Answer = Receiver<u64>;

    fn start(workers: usize) -> Self {
        Self(T::start(workers))
    }

    fn submit(&self, n: u64) -> Self::Answer {
        self.run(move || successor(n))
    }

    fn wait(&self, answer: Self::Answer) -> u64 {
        answer.recv().expect("the task cannot fail")
    }

    fn stop(self) {
        self.0.stop();
    }
}

impl<T: Threads> ThreadPool for WithOneshot<T> {
    fn run(&self, job: impl FnOnce() -> u64 + Send + 'static) -> Self::Answer {
        let (sender, receiver) = oneshot::channel();
        self.0.spawn(move || sender.send(job()).expect("the answer is waited for"));
        receiver
    }
}
