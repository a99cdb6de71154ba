//! The pools that are compared, behind one interface.

mod crossbeam;
pub(crate) mod ipc_channel;
mod ours;
mod procspawn;
pub(crate) mod python;
mod rayon;
mod rusty_pool;
pub(crate) mod shared_memory;
pub(crate) mod socket;
mod threadpool;
mod tokio;

use std::collections::BTreeSet;
use std::hint::{self, black_box};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use crate::figure::Sample;
use crate::scenario::Scenario;
use crate::workloads;

/// A pool as the workloads see it.
pub(crate) trait Pool {
    /// What `submit` gives: the pool's future, or what stands in for one.
    type Answer;

    /// How many answers may be outstanding at once before the pool, or the system, gives up.
    const WINDOW: usize = usize::MAX;

    /// Whether it has `work`.
    const WORKS: bool = false;

    fn start(workers: usize) -> Self;

    /// So many times [`short_work`], through the pool's own way to map; says how many were done.
    fn work(&self, _tasks: u64) -> u64 {
        unreachable!("see WORKS")
    }

    /// Has a worker run [`successor`].
    fn submit(&self, n: u64) -> Self::Answer;

    fn wait(&self, answer: Self::Answer) -> u64;

    /// Returns when each of the workers has given a first result.
    fn rally(&self, workers: usize);

    /// Ends the workers, and returns when they have ended.
    fn stop(self);
}

/// A pool whose workers are processes.
pub(crate) trait ProcessPool: Pool {
    /// Whether it has `sum`.
    const MAPS: bool = false;

    /// Whether it has `echo`.
    const ECHOES: bool = false;

    /// The longest burst it takes part in: a slower one would take minutes for a million tasks.
    const BURST: u64 = u64::MAX;

    /// Has a worker tell its process id.
    fn submit_pid(&self) -> Self::Answer;

    /// The successors of all numbers below `items`, from the workers, summed up here.
    fn sum(&self, _items: u64) -> u64 {
        unreachable!("see MAPS")
    }

    /// The same bytes, from a worker.
    fn echo(&self, _bytes: Vec<u8>) -> Vec<u8> {
        unreachable!("see ECHOES")
    }
}

/// The task of all measurements: as good as nothing, and an answer that is not the question.
pub(crate) fn successor(n: u64) -> u64 {
    black_box(n).wrapping_add(1)
}

/// A task that keeps its worker busy for 20 µs.
pub(crate) fn short_work() -> u64 {
    let started = Instant::now();
    while started.elapsed() < Duration::from_micros(20) {
        hint::spin_loop();
    }
    1
}

/// Submits in rounds, one call for each worker, until all workers have answered; says who they are.
pub(crate) fn first_results<P: ProcessPool>(pool: &P, workers: usize) -> BTreeSet<u64> {
    let mut pids = BTreeSet::new();
    while pids.len() < workers {
        let answers: Vec<_> = (0..workers).map(|_| pool.submit_pid()).collect();
        pids.extend(answers.into_iter().map(|answer| pool.wait(answer)));
    }
    pids
}

/// Jobs that end when all of them have begun, so that each is on a thread of its own.
fn meeting(workers: usize) -> impl Iterator<Item = impl FnOnce() -> u64 + Send + 'static> {
    let barrier = Arc::new(Barrier::new(workers));
    (0..workers).map(move |_| {
        let barrier = Arc::clone(&barrier);
        move || {
            barrier.wait();
            0
        }
    })
}

/// Why somebody takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Ours,
    Peer,
    /// No pool, but what one over the same mechanism could at most reach.
    Limit,
}

/// A row of the table.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    measure: Box<dyn Fn(Scenario) -> Vec<Sample>>,
}

impl Contestant {
    fn of_processes<P: ProcessPool + 'static>(name: &'static str, role: Role) -> Self {
        Self { name, role, measure: Box::new(workloads::on_processes::<P>) }
    }

    fn of_threads<P: Pool + 'static>(name: &'static str, role: Role) -> Self {
        Self { name, role, measure: Box::new(workloads::on_any::<P>) }
    }

    fn of_python(name: &'static str, start_method: &'static str) -> Self {
        Self { name, role: Role::Peer, measure: Box::new(move |scenario| python::measure(start_method, scenario)) }
    }

    pub(crate) fn measure(&self, scenario: Scenario) -> Vec<Sample> {
        (self.measure)(scenario)
    }
}

pub(crate) const IPC: &str = "the same, Transport::IpcChannel";
pub(crate) const PROCSPAWN: &str = "procspawn Pool";
pub(crate) const SPINNING: &str = "rings, yield-spin 50 µs (limit)";
pub(crate) const PARKED: &str = "rings, parked futex (limit)";
pub(crate) const SOCKET: &str = "stream socket (limit)";
pub(crate) const RAYON: &str = "rayon spawn + oneshot";

/// All pools of processes; the first is ours.
pub(crate) fn processes(with_python: bool) -> Vec<Contestant> {
    let mut all = vec![
        Contestant::of_processes::<ours::Processes<false>>("executor-runtime", Role::Ours),
        Contestant::of_processes::<ours::Processes<true>>(IPC, Role::Ours),
        Contestant::of_processes::<procspawn::Procspawn>(PROCSPAWN, Role::Peer),
        Contestant::of_processes::<ipc_channel::Bare>("ipc-channel, bare (limit)", Role::Limit),
        Contestant::of_processes::<shared_memory::Bare<true>>(SPINNING, Role::Limit),
        Contestant::of_processes::<shared_memory::Bare<false>>(PARKED, Role::Limit),
        Contestant { name: SOCKET, role: Role::Limit, measure: Box::new(workloads::on_socket) },
    ];
    if with_python {
        all.push(Contestant::of_python("Python, fork", "fork"));
        all.push(Contestant::of_python("Python, spawn", "spawn"));
    }
    all
}

/// All pools of threads; the first is ours.
pub(crate) fn threads(with_python: bool) -> Vec<Contestant> {
    let mut all = vec![
        Contestant::of_threads::<ours::Threads>("executor-runtime", Role::Ours),
        Contestant::of_threads::<rayon::Rayon>(RAYON, Role::Peer),
        Contestant::of_threads::<crossbeam::Crossbeam>("crossbeam-channel + oneshot", Role::Peer),
        Contestant::of_threads::<threadpool::Threadpool>("threadpool + oneshot", Role::Peer),
        Contestant::of_threads::<rusty_pool::RustyPool>("rusty_pool", Role::Peer),
        Contestant::of_threads::<tokio::Tokio>("tokio spawn_blocking", Role::Peer),
    ];
    if with_python {
        all.push(Contestant::of_python("Python", "none"));
    }
    all
}
