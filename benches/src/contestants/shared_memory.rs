//! Rings in shared memory and a futex, with nothing on top: what a pool of processes could at most reach. As
//! start-up, memory and shutdown it is the bare process: the same program, which answers before it becomes anything.

use std::cell::{Cell, RefCell};

use executor_bench_limits::{Waiting, Worker};

use super::pool::{Pool, ProcessPool};
use super::tasks::successor;

/// The question that asks for the worker's process id.
const WHO: u64 = u64::MAX;

/// Answers questions and never returns, if this process was started for that.
pub(crate) fn run_if_child() {
    let answer = |question| if question == WHO { u64::from(std::process::id()) } else { successor(question) };
    executor_bench_limits::run_if_child(answer);
}

/// Workers that look again for 50 µs before they sleep, or sleep at once.
pub(crate) struct Bare<const SPINS: bool> {
    workers: Vec<RefCell<Worker>>,
    /// Whose turn it is.
    next: Cell<usize>,
}

impl<const SPINS: bool> Pool for Bare<SPINS> {
    /// The worker that was asked.
    type Answer = usize;

    /// Questions go round, so that no worker ever has more than these.
    const WINDOW: usize = Worker::WINDOW;

    fn start(workers: usize) -> Self {
        let waiting = if SPINS { Waiting::YieldSpin } else { Waiting::Parked };
        let workers = (0..workers).map(|_| RefCell::new(Worker::start(waiting))).collect();
        Self { workers, next: Cell::new(0) }
    }

    fn submit(&self, n: u64) -> usize {
        let turn = self.next.get();
        self.next.set((turn + 1) % self.workers.len());
        self.workers[turn].borrow_mut().ask(n);
        turn
    }

    fn wait(&self, asked: usize) -> u64 {
        self.workers[asked].borrow_mut().answer()
    }

    fn stop(self) {
        self.workers.iter().for_each(|worker| worker.borrow_mut().close());
        self.workers.into_iter().for_each(|worker| worker.into_inner().reap());
    }
}

impl<const SPINS: bool> ProcessPool for Bare<SPINS> {
    fn submit_pid(&self) -> usize {
        self.submit(WHO)
    }
}
