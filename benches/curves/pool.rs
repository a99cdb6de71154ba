//! The pools of executor-runtime: both kinds take the same tasks.

use std::hint::black_box;

use clap::ValueEnum;
use executor_runtime::prelude::*;
use executor_runtime::{ProcessJob, ThreadJob};

/// Where the workers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Processes,
    Threads,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Processes, Self::Threads];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Processes => "processes",
            Self::Threads => "threads",
        }
    }
}

/// The task of all measurements but those of payloads: as good as nothing, and an answer that is not the question.
#[pool_task(process)]
pub(crate) fn successor(n: u64) -> u64 {
    black_box(n).wrapping_add(1)
}

pub(crate) enum Pool {
    Processes(ProcessPoolExecutor),
    Threads(ThreadPoolExecutor),
}

impl Pool {
    pub(crate) fn start(kind: Kind, workers: usize) -> Self {
        match kind {
            Kind::Processes => Self::Processes(ProcessPoolExecutor::new(workers).expect("a pool of processes")),
            Kind::Threads => Self::Threads(ThreadPoolExecutor::new(workers).expect("a pool of threads")),
        }
    }

    pub(crate) fn submit<T>(&self, job: impl ProcessJob<Output = T> + ThreadJob<Output = T>) -> TaskFuture<T> {
        match self {
            Self::Processes(pool) => pool.submit(job),
            Self::Threads(pool) => pool.submit(job),
        }
    }

    pub(crate) fn stop(self) {
        match self {
            Self::Processes(pool) => pool.shutdown(Shutdown::Drain),
            Self::Threads(pool) => pool.shutdown(Shutdown::Drain),
        }
    }
}

/// Waits for the answers to the numbers from `first` on, and checks each.
pub(crate) fn collect(answers: impl IntoIterator<Item = TaskFuture<u64>>, first: u64) {
    for (answer, n) in answers.into_iter().zip(first..) {
        assert_eq!(answer.result().expect("the task cannot fail"), n + 1, "the answer to {n}");
    }
}
