//! The crate `threadpool`.

use super::oneshot::Threads;

pub(crate) struct Threadpool(threadpool::ThreadPool);

impl Threads for Threadpool {
    fn start(workers: usize) -> Self {
        Self(threadpool::ThreadPool::new(workers))
    }

    fn spawn(&self, job: impl FnOnce() + Send + 'static) {
        self.0.execute(job);
    }

    fn stop(self) {
        self.0.join();
    }
}
