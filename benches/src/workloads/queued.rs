//! What tasks cost in memory that wait: bytes that were asked for, by pool and futures. The handles lie in a vector that
//! was there before.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};

use executor_bench_limits::Count;
use rustix::process::{Pid, Signal, kill_process};

use crate::contestants::pool::{Pool, ThreadPool};
use crate::figure::{Figure, Sample};

/// The pool has one thread, which waits until all tasks are queued.
pub(super) fn on_threads<P: ThreadPool>(pool: &P, tasks: u64) -> Vec<Sample> {
    let barrier = Arc::new(Barrier::new(2));
    let pass = {
        let barrier = Arc::clone(&barrier);
        move || {
            // Once to say that it runs, once to be let go.
            barrier.wait();
            barrier.wait();
            0
        }
    };
    let holding = pool.run(pass);
    barrier.wait();
    let samples = measure(pool, tasks, || {
        barrier.wait();
    });
    pool.wait(holding);
    samples
}

/// The pool's processes are stopped until all tasks are queued.
pub(crate) fn on_processes<P: Pool>(pool: &P, pids: &BTreeSet<u64>, tasks: u64) -> Vec<Sample> {
    let held = Held::all(pids);
    measure(pool, tasks, || drop(held))
}

fn measure<P: Pool>(pool: &P, tasks: u64, release: impl FnOnce()) -> Vec<Sample> {
    let tasks = tasks.min(P::WINDOW as u64);
    let mut answers = Vec::with_capacity(usize::try_from(tasks).expect("small"));
    let count = Count::start();
    answers.extend((0..tasks).map(|n| pool.submit(n)));
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let per_task = count.bytes() as f64 / tasks as f64;
    drop(count);
    release();
    for (n, answer) in (0..tasks).zip(answers) {
        assert_eq!(pool.wait(answer), n + 1, "the answer to {n}");
    }
    vec![Figure::Queued.sample(per_task)]
}

/// Processes that do not run while this lives, whatever ends it.
struct Held(Vec<Pid>);

impl Held {
    fn all(pids: &BTreeSet<u64>) -> Self {
        let pid = |pid: &u64| i32::try_from(*pid).ok().and_then(Pid::from_raw).expect("a process id");
        let held = Self(pids.iter().map(pid).collect());
        for pid in &held.0 {
            kill_process(*pid, Signal::STOP).expect("an idle worker is alive");
        }
        held
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        for pid in &self.0 {
            // One that is gone needs no signal.
            let _ = kill_process(*pid, Signal::CONT);
        }
    }
}
