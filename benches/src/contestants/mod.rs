//! The pools that are compared, behind one interface.

mod crossbeam;
pub(crate) mod ipc_channel;
mod oneshot;
mod ours;
pub(crate) mod pool;
mod procspawn;
pub(crate) mod python;
mod rayon;
mod rusty_pool;
pub(crate) mod shared_memory;
mod socket;
mod spawned;
pub(crate) mod tasks;
mod threadpool;
mod tokio;

use crate::figure::Sample;
use crate::scenario::Scenario;
use crate::workloads;
use oneshot::WithOneshot;
use pool::{ProcessPool, ThreadPool};

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
    /// `measure` yields nothing where the contestant does not take part.
    fn new(name: &'static str, role: Role, measure: impl Fn(Scenario) -> Vec<Sample> + 'static) -> Self {
        Self { name, role, measure: Box::new(measure) }
    }

    /// A pool that does what all of processes do.
    fn of_processes<P: ProcessPool + 'static>(name: &'static str, role: Role) -> Self {
        Self::new(name, role, workloads::on_processes::<P>)
    }

    /// A pool that does what all of threads do.
    fn of_threads<P: ThreadPool + 'static>(name: &'static str, role: Role) -> Self {
        Self::new(name, role, workloads::on_threads::<P>)
    }

    fn of_python(name: &'static str, start_method: &'static str) -> Self {
        Self::new(name, Role::Peer, move |scenario| python::measure(start_method, scenario))
    }

    pub(crate) fn measure(&self, scenario: Scenario) -> Vec<Sample> {
        (self.measure)(scenario)
    }
}

pub(crate) const IPC: &str = "the same, Transport::IpcChannel";
pub(crate) const PROCSPAWN: &str = "procspawn Pool";
pub(crate) const IPC_BARE: &str = "ipc-channel, bare (limit)";
pub(crate) const SPINNING: &str = "rings, yield-spin 50 µs (limit)";
pub(crate) const PARKED: &str = "rings, parked futex (limit)";
pub(crate) const SPAWNED: &str = "posix_spawn, one byte (limit)";
pub(crate) const SHARES: &str = "two halves, each at once (limit)";
pub(crate) const SOCKET: &str = "stream socket (limit)";
pub(crate) const RAYON: &str = "rayon spawn + oneshot";
pub(crate) const PAR_ITER: &str = "rayon par_iter";

/// All pools of processes; the first is ours.
pub(crate) fn processes(with_python: bool) -> Vec<Contestant> {
    let mut all = vec![
        Contestant::new("executor-runtime", Role::Ours, ours::on_processes::<false>),
        Contestant::new(IPC, Role::Ours, ours::on_processes::<true>),
        Contestant::new(PROCSPAWN, Role::Peer, procspawn::measure),
        Contestant::of_processes::<ipc_channel::Bare>(IPC_BARE, Role::Limit),
        Contestant::of_processes::<shared_memory::Bare<true>>(SPINNING, Role::Limit),
        Contestant::of_processes::<shared_memory::Bare<false>>(PARKED, Role::Limit),
        Contestant::new(SPAWNED, Role::Limit, spawned::lives),
        Contestant::new(SHARES, Role::Limit, spawned::shares),
        Contestant::new(SOCKET, Role::Limit, socket::measure),
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
        Contestant::new("executor-runtime", Role::Ours, ours::on_threads),
        Contestant::of_threads::<WithOneshot<rayon::Rayon>>(RAYON, Role::Peer),
        Contestant::new(PAR_ITER, Role::Peer, rayon::par_iter),
        Contestant::new("rayon join", Role::Peer, rayon::join),
        Contestant::new("rayon scope", Role::Peer, rayon::scope),
        Contestant::of_threads::<WithOneshot<crossbeam::Crossbeam>>("crossbeam-channel + oneshot", Role::Peer),
        Contestant::of_threads::<WithOneshot<threadpool::Threadpool>>("threadpool + oneshot", Role::Peer),
        Contestant::of_threads::<rusty_pool::RustyPool>("rusty_pool", Role::Peer),
        Contestant::of_threads::<tokio::Tokio>("tokio spawn_blocking", Role::Peer),
        Contestant::new("tokio spawn, awaited", Role::Peer, tokio::spawn),
    ];
    if with_python {
        all.push(Contestant::of_python("Python", "none"));
    }
    all
}
