//! executor-runtime.

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

pub(crate) struct Processes(ProcessPoolExecutor);

impl Pool for Processes {
    type Answer = TaskFuture<u64>;

    fn start(workers: usize) -> Self {
        Self(ProcessPoolExecutor::new(workers).expect("a pool of processes"))
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

impl ProcessPool for Processes {
    fn submit_pid(&self) -> Self::Answer {
        self.0.submit(pid::task())
    }
}

pub(crate) struct Threads(ThreadPoolExecutor);

impl Pool for Threads {
    type Answer = TaskFuture<u64>;

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
