//! The hot paths, each with a fixed workload whose results are checked.

use clap::ValueEnum;
use executor_runtime::prelude::*;
use executor_runtime::{RemoteJob, Run};

/// The tasks that are taken off, so that start and end of the program do not count.
const FEW: u64 = 1_000;
const MANY: u64 = 11_000;

/// Numbers below this are one byte when they are encoded, and so are their successors.
const ONE_BYTE: u64 = 100;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Path {
    /// Calls that become bytes, and answers that come as bytes: what a pool of processes does but for its lanes and links.
    Encoded,
    /// Calls on one thread, each waited for.
    ThreadTrip,
    /// Tasks submitted to one thread at once, then all results collected.
    ThreadBurst,
    /// A map over one thread.
    ThreadMap,
}

#[pool_task(process)]
fn successor(n: u64) -> u64 {
    n.wrapping_add(1)
}

impl Path {
    pub(crate) const ALL: [Self; 4] = [Self::Encoded, Self::ThreadTrip, Self::ThreadBurst, Self::ThreadMap];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Encoded => "encoded",
            Self::ThreadTrip => "thread-trip",
            Self::ThreadBurst => "thread-burst",
            Self::ThreadMap => "thread-map",
        }
    }

    /// Instructions of the parent for one task: the median of three, since who waits may look a few times more or less.
    pub(crate) fn per_task(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let tasks = (MANY - FEW) as f64;
        let mut counts = [(); 3].map(|()| (super::instructions(self, MANY) - super::instructions(self, FEW)) / tasks);
        counts.sort_by(f64::total_cmp);
        counts[1]
    }

    pub(crate) fn run(self, count: u64) {
        match self {
            Self::Encoded => self.run_on(&Mirror, count),
            _ => self.run_on(&ThreadPoolExecutor::new(1).expect("a pool of threads"), count),
        }
    }

    fn run_on(self, pool: &impl Executor, count: u64) {
        let value = |result: Result<u64, TaskError>| result.expect("the task cannot fail");
        let numbers = (0..count).map(|n| n % ONE_BYTE);
        let expected: u64 = numbers.clone().map(|n| n + 1).sum();
        let sum: u64 = match self {
            Self::Encoded | Self::ThreadTrip => numbers.map(|n| value(pool.submit(successor::task(n)).result())).sum(),
            Self::ThreadBurst => {
                let futures: Vec<_> = numbers.map(|n| pool.submit(successor::task(n))).collect();
                futures.into_iter().map(|future| value(future.result())).sum()
            }
            Self::ThreadMap => pool.map(successor::task, numbers).map(value).sum(),
        };
        assert_eq!(sum, expected, "the sum of the answers");
    }
}

/// An executor that answers the bytes of [`successor`]'s argument at once, without a worker.
struct Mirror;

impl Executor for Mirror {
    fn start(&self, run: Run<'_>) {
        let job = run.encode().and_then(RemoteJob::start).expect("nobody cancels");
        let answer = job.arguments()[0] + 1;
        job.finish(Ok(&[answer]));
    }

    fn shutdown(&self, _: Shutdown) {}
}
