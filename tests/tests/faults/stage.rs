//! What each fault is looked at in: a pool that works before, meanwhile and afterwards, and leaves nothing.
//!
//! ```text
//!   one worker    ── holds a task from before the fault until after it ──────▶ and then ends it with its value
//!   the other one ── short calls, the fault, short calls ──▶ they all end with their values, there or on its successor
//!   afterwards    ── both take what is submitted; the pool ends
//!   the process   ── has the children, descriptors, threads, mappings, files and memory that it had before
//! ```

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use executor_runtime::prelude::*;
use executor_runtime::{DeathHint, ProcessPoolBuilder, Transport, WorkerDeath, WorkerExit};
use executor_tests::children;
use executor_tests::gate::{self, Gate};
use executor_tests::tasks::{pid, square};
use executor_tests::transports::builder_over;
use rustix::process::{WaitOptions, waitpid};

use crate::Outcome;
use crate::suite::pid_of;

/// So many short calls are submitted before a fault, and so many behind it.
const OTHERS: u64 = 40;

/// What is over may take so long to be gone: threads that nobody waits for, processes that somebody else reaps.
const GOING: Duration = Duration::from_secs(20);

/// What an allocator may keep for itself.
const KEPT_LEN_BYTES: u64 = 64 << 20;

/// What has become of the worker that ran the task with the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worker {
    /// It goes on with the next task.
    Kept,
    /// It is gone without a trace, and another one is in its place.
    Lost,
}

/// Where faults are tried.
pub(crate) struct Stage {
    pub(crate) transport: Transport,
    /// So many descriptors may be lost, since something that is not ours loses them.
    pub(crate) lost_descriptors: Cell<usize>,
}

/// A pool at the moment of a fault.
pub(crate) struct Scene {
    pub(crate) pool: ProcessPoolExecutor,
    pub(crate) transport: Transport,
    /// The worker that gets the next task.
    pub(crate) worker: u32,
    pub(crate) folder: tempfile::TempDir,
}

impl Stage {
    pub(crate) fn over(transport: Transport) -> Self {
        Self { transport, lost_descriptors: Cell::new(0) }
    }

    pub(crate) fn builder(&self) -> ProcessPoolBuilder {
        builder_over(self.transport).max_workers(2)
    }

    /// A fault in a usual pool: what is submitted, and what its caller sees.
    pub(crate) fn fault<T: Send + 'static>(
        &self,
        submit: impl FnOnce(&Scene) -> TaskFuture<T>,
        sees: impl FnOnce(&Scene, TaskFuture<T>) -> Worker,
    ) -> Outcome {
        self.fault_in(self.builder(), submit, sees)
    }

    /// A fault in a pool of two workers.
    pub(crate) fn fault_in<T: Send + 'static>(
        &self,
        builder: ProcessPoolBuilder,
        submit: impl FnOnce(&Scene) -> TaskFuture<T>,
        sees: impl FnOnce(&Scene, TaskFuture<T>) -> Worker,
    ) -> Outcome {
        self.leaves_nothing(|| {
            let folder = tempfile::tempdir()?;
            let pool = builder.build()?;
            let gate = Gate::new(folder.path(), "gate");
            let meanwhile = pool.submit(gate::pass::task(gate.path()));
            let waiting = gate.await_task();
            // Workers whose calls are short are sent several at once.
            for n in 0..OTHERS {
                assert_eq!(pool.submit(square::task(n)).result()?, n * n);
            }
            let worker = pool.submit(pid::task()).result()?;
            let scene = Scene { pool, transport: self.transport, worker, folder };
            // Dropped before the pool if anything fails, which would wait for it.
            let waiting = waiting;

            let before = scene.submit_others();
            let faulty = submit(&scene);
            let behind = scene.submit_others();
            let fate = sees(&scene, faulty);
            for (future, n) in before.into_iter().chain(behind).zip((0..OTHERS).cycle()) {
                assert_eq!(future.result()?, n * n);
            }
            let next = scene.pool.submit(pid::task()).result()?;
            assert_eq!(next == worker, fate == Worker::Kept, "{worker} was {fate:?}, and the next is {next}");
            assert_eq!(children::pids().contains(&worker), fate == Worker::Kept, "{worker} was {fate:?}");

            assert!(!meanwhile.is_done());
            waiting.open();
            let one = meanwhile.result()?;
            assert!(one != u64::from(worker) && one != u64::from(next));
            let squares: Vec<_> = scene.pool.map(square::task, 0..OTHERS).collect::<Result<_, _>>()?;
            assert_eq!(squares, (0..OTHERS).map(square).collect::<Vec<_>>());
            Ok(())
        })
    }

    /// Sees to it that nothing is left of what is done.
    pub(crate) fn leaves_nothing(&self, act: impl FnOnce() -> Outcome) -> Outcome {
        // What is made once and kept for ever is no matter of the fault.
        let pool = self.builder().build()?;
        assert!(pool.map(square::task, 0..OTHERS).all(|square| square.is_ok()));
        drop(pool);
        let before = Belongings::once_they_are(|belongings| !belongings.have_pool());
        assert!(!before.have_pool(), "{before:?}");
        let memory = children::resident_bytes();
        act()?;
        let most = before.descriptors + self.lost_descriptors.get();
        let mut after = Belongings::once_they_are(|after| {
            let descriptors = before.descriptors;
            (descriptors..=most).contains(&after.descriptors) && Belongings { descriptors, ..after.clone() } == before
        });
        if (before.descriptors..=most).contains(&after.descriptors) {
            after.descriptors = before.descriptors;
        }
        assert_eq!(after, before, "what there is after the fault, and what there was before");
        let more = children::resident_bytes().saturating_sub(memory);
        assert!(more < KEPT_LEN_BYTES, "{more} bytes more are resident than before the fault");
        Ok(())
    }
}

impl Scene {
    /// Returns when nothing runs but the task that is held from before to after the fault.
    pub(crate) fn quiet(&self) {
        assert_eq!(self.pool.submit(pid::task()).result().expect("a pid"), self.worker);
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The worker died in the task: how.
    pub(crate) fn death<T>(&self, future: TaskFuture<T>) -> WorkerDeath {
        match future.result() {
            Err(TaskError::WorkerDied(death)) => {
                assert_eq!(death.pid, self.worker);
                assert!(death.task.starts_with("executor_tests::"), "{death}");
                assert!(death.to_string().contains(&death.task), "{death}");
                WorkerDeath::clone(&death)
            }
            Err(other) => panic!("the worker did not die: {other:?}"),
            Ok(_) => panic!("the worker did not die"),
        }
    }

    /// The signal of this name ended the worker.
    pub(crate) fn dies_by<T>(&self, future: TaskFuture<T>, signal: &str) -> Worker {
        let death = self.death(future);
        assert_eq!(death.exit.signal_name(), Some(signal), "{death}");
        assert!(death.to_string().contains(signal), "{death}");
        Worker::Lost
    }

    /// The signal of this name ended the worker, for this reason.
    pub(crate) fn dies_of<T>(&self, future: TaskFuture<T>, signal: &str, reason: DeathHint) -> Worker {
        let death = self.death(future);
        assert_eq!((death.exit.signal_name(), death.hint), (Some(signal), Some(reason)), "{death}");
        assert!(death.to_string().contains(&reason.to_string()), "{death}");
        Worker::Lost
    }

    /// The worker ended with this exit code.
    pub(crate) fn exits_with<T>(&self, future: TaskFuture<T>, code: i32) -> Worker {
        let death = self.death(future);
        assert_eq!(death.exit, WorkerExit::Code(code), "{death}");
        Worker::Lost
    }

    fn submit_others(&self) -> Vec<TaskFuture<u64>> {
        (0..OTHERS).map(|n| self.pool.submit(square::task(n))).collect()
    }
}

/// The task came to the end of its time.
pub(crate) fn times_out<T>(future: TaskFuture<T>, after: Duration) -> Worker {
    match future.result() {
        Err(TaskError::TimedOut { limit, .. }) => assert_eq!(limit, after),
        Err(other) => panic!("another error: {other:?}"),
        Ok(_) => panic!("a value in time"),
    }
    Worker::Lost
}

/// The task panicked so.
pub(crate) fn panics<T>(future: TaskFuture<T>, message: &str) -> Worker {
    match future.result() {
        Err(TaskError::Panicked(report)) => assert!(report.message.contains(message), "{report}"),
        Err(other) => panic!("another error: {other:?}"),
        Ok(_) => panic!("a value"),
    }
    Worker::Kept
}

/// What a process has.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Belongings {
    /// Children that are workers, dead or alive: who has started them has to reap them.
    workers: usize,
    /// Other children that live: somebody has left them behind.
    strays: Vec<u32>,
    descriptors: usize,
    /// Their names.
    threads: Vec<String>,
    /// Memory that is shared with a worker.
    regions: usize,
    files: Vec<PathBuf>,
}

impl Belongings {
    fn now() -> Self {
        let (workers, others): (Vec<_>, Vec<_>) = children::pids().into_iter().partition(|&pid| is_worker(pid));
        let strays = others.into_iter().filter(|&pid| !is_reaped(pid)).collect();
        let maps = fs::read_to_string("/proc/self/maps").expect("our memory");
        let is_ours = |path: &PathBuf| {
            path.starts_with(std::env::temp_dir())
                || path.file_name().is_some_and(|name| name.to_string_lossy().contains(&std::process::id().to_string()))
        };
        let mut files: Vec<_> = [std::env::temp_dir(), "/dev/shm".into()]
            .iter()
            .flat_map(|folder| entries(folder))
            .filter(is_ours)
            .collect();
        files.sort();
        Self {
            workers: workers.len(),
            strays,
            descriptors: children::descriptors(),
            threads: children::thread_names(),
            regions: maps.lines().filter(|line| line.contains("/memfd:executor-runtime")).count(),
            files,
        }
    }

    /// Whether anything is there that ends with its pool, some of which nobody waits for.
    fn have_pool(&self) -> bool {
        let is_pools = |name: &String| name.starts_with("ProcessPoolExec") || name == "answers" || name == "arguments";
        self.workers > 0 || self.regions > 0 || self.threads.iter().any(is_pools)
    }

    /// Looks until it is so, or has taken too long.
    fn once_they_are(so: impl Fn(&Self) -> bool) -> Self {
        let start = Instant::now();
        loop {
            let now = Self::now();
            if so(&now) || start.elapsed() > GOING {
                return now;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// A worker has this name, also when it is dead.
fn is_worker(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains("(pool-worker)"))
}

/// Reaps a child that has ended, which nobody else can who has lost its parent.
fn is_reaped(pid: u32) -> bool {
    !matches!(waitpid(Some(pid_of(pid)), WaitOptions::NOHANG), Ok(None))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    // The system may have no such folder.
    fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("an entry").path()).collect()
}
