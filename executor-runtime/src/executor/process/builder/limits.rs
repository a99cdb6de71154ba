//! What the workers of a pool may take, and where they stand.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use super::{ProcessPoolBuilder, cpus};
use crate::error::PoolError;
use crate::sys::environment::{Environment, Threads};
use crate::sys::limits::{Limits, Refusal};
use crate::worker::wear::Recycling;

/// As they were asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct WorkerLimits {
    pub(super) limits: Limits,
    pub(super) environment: Environment,
    pub(super) max_memory_per_child: Option<u64>,
    inner_max_num_threads: InnerThreads,
}

#[derive(Clone, Copy, Debug, Default)]
enum InnerThreads {
    #[default]
    Share,
    Given(Option<usize>),
}

impl WorkerLimits {
    /// Checks all that can be checked before a worker is there.
    pub(super) fn for_workers(mut self, max_workers: usize) -> Result<Self, PoolError> {
        if let Some(numbers) = &mut self.limits.cpu_affinity {
            numbers.sort_unstable();
            numbers.dedup();
        }
        let processors = self.limits.cpu_affinity.as_ref().map_or_else(cpus, Vec::len);
        self.environment.threads = match self.inner_max_num_threads {
            InnerThreads::Share => Threads::Share((processors / max_workers).max(1)),
            InnerThreads::Given(Some(threads)) => Threads::Given(threads),
            InnerThreads::Given(None) => Threads::Untold,
        };
        self.limits.check()?;
        self.environment.check()?;
        if self.max_memory_per_child == Some(0) {
            let what = "max_memory_per_child = 0".to_owned();
            return Err(Refusal::told(what, "it must be greater than 0").into());
        }
        Ok(self)
    }

    pub(super) fn recycling(&self, max_tasks: Option<usize>) -> Recycling {
        Recycling { max_tasks, max_memory: self.max_memory_per_child }
    }
}

/// Limits of each worker, set by itself before anything of the user's runs in it. (Python: `resource.setrlimit` and the
/// like, in an `initializer`.)
///
/// A limit is each worker's own, not one of all together, and a worker that is replaced begins anew. A worker cannot raise
/// it again, and the processes that a task starts inherit it, the workers of a pool inside of a task included. What
/// cannot be set, because this program may not or this machine has not got it, is told: [`PoolError::Limit`].
///
/// Workers start before `main`, and set their limits there; with [`init`](crate::init) they do both where that stands. What
/// runs in a program earlier than that, such as constructors of C++, runs in a worker without them.
impl ProcessPoolBuilder {
    /// How much memory a worker may have, in bytes (Python: `setrlimit(RLIMIT_DATA, ..)`); by default as much as there is.
    ///
    /// What counts is private memory that can be written to, touched or not, from the worker's start on: a few
    /// mebibytes of its own, its [stack](Self::stack_size) and those of threads that tasks start, and all that they allocate.
    /// Memory that is shared with other processes, files in memory and memory that is only reserved do not count.
    ///
    /// An allocation over the limit fails. For most of Rust's that means that the worker aborts and its task ends
    /// with [`TaskError::WorkerDied`](crate::TaskError::WorkerDied) (SIGABRT); `try_reserve` returns an error, C's `malloc` a null pointer.
    /// Nobody else notices: with a limit on every worker, a task that allocates without end cannot use up the machine.
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::prelude::*;
    ///
    /// #[pool_task(process)]
    /// fn allocate(bytes: usize) -> usize {
    ///     vec![1_u8; bytes].len()
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = ProcessPoolExecutor::builder().max_workers(1).memory_limit(256 << 20).build()?;
    /// let error = pool.submit(allocate::task(1 << 30)).result().unwrap_err();
    /// assert!(error.to_string().contains("SIGABRT"));
    /// assert_eq!(pool.submit(allocate::task(1 << 20)).result()?, 1 << 20);
    /// # Ok(())
    /// # }
    /// ```
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.worker.limits.memory = Some(bytes);
        self
    }

    /// How much processor time a worker may use in its whole life, with all of its threads, in whole seconds, rounded up
    /// (Python: `setrlimit(RLIMIT_CPU, ..)`); by default any.
    ///
    /// The task that runs then ends with [`TaskError::WorkerDied`](crate::TaskError::WorkerDied): by SIGXCPU, or one second later
    /// by SIGKILL where that is blocked. All tasks of a worker count, not only this one, and so does its start; where that is not meant,
    /// [`max_tasks_per_child`](Self::max_tasks_per_child) helps, or [`timeout`](Self::timeout), which counts the time of one task on the clock.
    pub fn cpu_time_limit(mut self, time: Duration) -> Self {
        self.worker.limits.cpu_time = Some(time);
        self
    }

    /// How many files, sockets and other descriptors a worker may have open (Python: `setrlimit(RLIMIT_NOFILE, ..)`);
    /// by default as many as this process.
    ///
    /// What would open one more fails with an error of the system ("Too many open files"), which is the task's own. A worker needs
    /// ten itself, so fewer are refused.
    pub fn open_files_limit(mut self, files: u64) -> Self {
        self.worker.limits.open_files = Some(files);
        self
    }

    /// How long the files may be that a worker writes, in bytes (Python: `setrlimit(RLIMIT_FSIZE, ..)`); by default as long as
    /// those of this process.
    ///
    /// Writing past that fails with an error of the system (`std::io::ErrorKind::FileTooLarge`), which is the task's own. SIGXFSZ is
    /// ignored, as Python does. What the worker prints counts as well, if it goes to a file.
    pub fn file_size_limit(mut self, bytes: u64) -> Self {
        self.worker.limits.file_size = Some(bytes);
        self
    }

    /// How much the workers let other processes go first, from -20 to 19 (Python: `os.setpriority(os.PRIO_PROCESS, 0, n)`);
    /// by default as much as this process. It is the niceness itself, and nothing that is added to this process's.
    ///
    /// A lower one than this process has needs a privilege; without that the pool breaks with [`PoolError::Limit`].
    pub fn nice(mut self, niceness: i32) -> Self {
        self.worker.limits.nice = Some(niceness);
        self
    }

    /// On which processors the workers run, each on any of them, by their numbers from 0 (Python: `os.sched_setaffinity(0, ..)`);
    /// by default where this process may.
    ///
    /// A number of a processor that is not there, or not for this process, breaks the pool: [`PoolError::Limit`]. How many
    /// workers there are is another question: [`max_workers`](Self::max_workers).
    pub fn cpu_affinity(mut self, processors: impl IntoIterator<Item = usize>) -> Self {
        self.worker.limits.cpu_affinity = Some(processors.into_iter().collect());
        self
    }

    /// One more variable of the workers' environment, which is otherwise that of this process when a worker starts (Python:
    /// `os.environ[..] = ..` in an `initializer`, though native libraries may have looked by then).
    ///
    /// # Errors
    ///
    /// [`build`](Self::build) refuses names and values that no environment can hold: [`PoolError::Limit`].
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::prelude::*;
    ///
    /// #[pool_task(process)]
    /// fn language() -> String {
    ///     std::env::var("LANG").unwrap_or_default()
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = ProcessPoolExecutor::builder().max_workers(1).env("LANG", "C").build()?;
    /// assert_eq!(pool.submit(language::task()).result()?, "C");
    /// # Ok(())
    /// # }
    /// ```
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.worker.environment.variables.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// More variables of the workers' environment: [`env`](Self::env) for each pair.
    pub fn envs<N: AsRef<OsStr>, V: AsRef<OsStr>>(self, variables: impl IntoIterator<Item = (N, V)>) -> Self {
        variables.into_iter().fold(self, |builder, (name, value)| builder.env(name, value))
    }

    /// The directory that the workers start in (Python: `os.chdir(..)` in an `initializer`); by default that of this
    /// process, from which a relative path is followed. One that is not there breaks the pool: [`PoolError::Limit`].
    pub fn current_dir(mut self, directory: impl AsRef<Path>) -> Self {
        self.worker.limits.current_dir = Some(directory.as_ref().as_os_str().as_bytes().to_vec());
        self
    }

    /// How many threads libraries start in each worker that would start one for each processor: OpenMP, `OpenBLAS`, MKL, Accelerate,
    /// numexpr, rayon (joblib: `inner_max_num_threads`).
    ///
    /// They look at variables of the environment such as `OMP_NUM_THREADS` and `RAYON_NUM_THREADS`. By default these say the worker's
    /// share, processors by `max_workers` and at least 1, so that all workers together start no more threads than there are processors; a
    /// variable that this process has is kept. A number is told in any case, and `None` leaves the variables alone. What
    /// [`env`](Self::env) says goes before all of that.
    pub fn inner_max_num_threads(mut self, threads: impl Into<Option<usize>>) -> Self {
        self.worker.inner_max_num_threads = InnerThreads::Given(threads.into());
        self
    }

    /// How large a worker may be between two tasks before it is replaced by a new one, in bytes of resident memory, as `ps` and
    /// `top` show it (Celery: `worker_max_memory_per_child`); by default of any size.
    ///
    /// For tasks, or libraries, that leak: no task fails by it, and one that needs more for a while is not disturbed. A
    /// worker is looked at a hundred times a second at most, when its tasks end. A [chunk](crate::Map::chunk_size) that was begun is finished.
    pub fn max_memory_per_child(mut self, bytes: u64) -> Self {
        self.worker.max_memory_per_child = Some(bytes);
        self
    }
}
