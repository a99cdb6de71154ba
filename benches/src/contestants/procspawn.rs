//! procspawn's pool of processes.

use procspawn::JoinHandle;

use super::{Pool, ProcessPool, first_results, successor};

pub(crate) struct Procspawn(procspawn::Pool);

impl Pool for Procspawn {
    type Answer = JoinHandle<u64>;

    /// Each outstanding call holds several descriptors: 20,000 at once end in EMFILE.
    const WINDOW: usize = 256;

    fn start(workers: usize) -> Self {
        Self(procspawn::Pool::new(workers).expect("a pool of processes"))
    }

    fn submit(&self, n: u64) -> Self::Answer {
        self.0.spawn(n, successor)
    }

    fn wait(&self, answer: Self::Answer) -> u64 {
        answer.join().expect("the task cannot fail")
    }

    fn rally(&self, workers: usize) {
        first_results(self, workers);
    }

    fn stop(self) {
        self.0.shutdown();
    }
}

impl ProcessPool for Procspawn {
    fn submit_pid(&self) -> Self::Answer {
        self.0.spawn((), |()| u64::from(std::process::id()))
    }
}
