//! How a pool of worker processes is made.

mod limits;

use std::sync::Arc;
use std::time::Duration;

use limits::WorkerLimits;

use super::crew::{Crew, RestartLimit};
use super::lane::{LaneOptions, ProcessLane};
use super::transport::Transport;
use super::{ProcessPoolExecutor, cpus};
use crate::error::{PoolError, TaskError};
use crate::pool::{Owner, Pool, PoolOptions};
use crate::sys::start;
use crate::task::registry::Registry;
use crate::task::{Call, Initialized, Initializer, ProcessTask};
use crate::wire::RING_LEN_BYTES;
use crate::worker::starting::WorkerOptions;
use crate::worker::{self, WorkerStderr, WorkerStdout};

/// The options of a [`ProcessPoolExecutor`] (Python: the arguments of `ProcessPoolExecutor()`).
///
/// Nothing is checked before [`build`](Self::build).
///
/// # Examples
///
/// ```
/// use executor_runtime::prelude::*;
///
/// let pool = ProcessPoolExecutor::builder()
///     .max_workers(4)
///     .max_pending(1000)
///     .max_tasks_per_child(100)
///     .timeout(Duration::from_secs(60))
///     .prewarm(1)
///     .build()?;
/// pool.wait_ready()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct ProcessPoolBuilder {
    max_workers: usize,
    max_pending: Option<usize>,
    /// Or why its arguments cannot be sent.
    initializer: Option<Result<Initializer, TaskError>>,
    max_tasks_per_child: Option<usize>,
    timeout: Option<Duration>,
    kill_grace: Duration,
    restart_limit: Option<usize>,
    restart_window: Duration,
    prewarm: usize,
    stack_size_bytes: usize,
    start_timeout: Duration,
    transport: Transport,
    max_value_len_bytes: u64,
    stdout: WorkerStdout,
    stderr: WorkerStderr,
    ring_len_bytes: u32,
    worker: WorkerLimits,
}

impl ProcessPoolBuilder {
    pub(super) fn new() -> Self {
        Self {
            max_workers: cpus(),
            max_pending: None,
            initializer: None,
            max_tasks_per_child: None,
            timeout: None,
            kill_grace: Duration::ZERO,
            restart_limit: None,
            restart_window: Duration::from_mins(1),
            prewarm: 0,
            stack_size_bytes: 8 << 20,
            start_timeout: Duration::from_secs(10),
            transport: Transport::default(),
            max_value_len_bytes: 4 << 30,
            stdout: WorkerStdout::default(),
            stderr: WorkerStderr::default(),
            ring_len_bytes: RING_LEN_BYTES,
            worker: WorkerLimits::default(),
        }
    }

    /// How many worker processes there may be (Python: `max_workers`); by default as many as this process may use
    /// processors.
    pub fn max_workers(mut self, processes: usize) -> Self {
        self.max_workers = processes;
        self
    }

    /// How many calls may wait for a worker (Python has no limit); by default any number.
    ///
    /// When so many wait, `submit` waits for one of them to start or to be cancelled, and
    /// [`try_submit`](ProcessPoolExecutor::try_submit) says so. Callbacks of the pool's tasks never wait: for them
    /// there is no limit. The calls of one [chunk](crate::Map::chunk_size) of a `map` count as one, and those that were
    /// sent to a worker do not count, though some short ones may wait there for each other.
    pub fn max_pending(mut self, calls: usize) -> Self {
        self.max_pending = Some(calls);
        self
    }

    /// A call that each worker makes once, before its first task (Python: `initializer` and `initargs`).
    ///
    /// The task returns nothing or a `Result`. If it fails, panics or takes its worker with it, the pool is broken:
    /// what waits, and what is submitted later, ends with [`TaskError::PoolBroken`], which keeps the cause. What
    /// runs in other workers runs to its end. Its limit is that of the call or of the task, or else the pool's
    /// own; it is not [tried again](Call::retries). Only a worker that is ended by SIGKILL meanwhile, which comes from outside,
    /// is replaced: five times, and for as long as [`start_timeout`](Self::start_timeout).
    ///
    /// # Errors
    ///
    /// Arguments that cannot be encoded are told by [`build`](Self::build).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::OnceLock;
    ///
    /// use executor_runtime::prelude::*;
    ///
    /// static GREETING: OnceLock<String> = OnceLock::new();
    ///
    /// #[pool_task(process)]
    /// fn set_up(greeting: String) -> Result<(), String> {
    ///     GREETING.set(greeting)
    /// }
    ///
    /// #[pool_task(process)]
    /// fn greet(name: &str) -> String {
    ///     format!("{} {name}", GREETING.get().map_or("", String::as_str))
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = ProcessPoolExecutor::builder().initializer(set_up::task("Hello".into())).build()?;
    /// assert_eq!(pool.submit(greet::task("Ada")).result()?, "Hello Ada");
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn initializer<T>(mut self, call: Call<'_, T>) -> Self
    where
        T: ProcessTask<Output: Initialized>,
    {
        self.initializer = Some(Initializer::new(call));
        self
    }

    /// After how many tasks a worker is replaced by a new one (Python: `max_tasks_per_child`); by default never.
    ///
    /// The calls of a [chunk](crate::Map::chunk_size) count one by one, but a chunk that was begun is finished.
    pub fn max_tasks_per_child(mut self, tasks: usize) -> Self {
        self.max_tasks_per_child = Some(tasks);
        self
    }

    /// How long each task may run, from its start, if its call does not say otherwise; by default for ever. (Python
    /// has none.)
    ///
    /// The worker of a task that runs longer is killed and replaced, and the future ends with
    /// [`TaskError::TimedOut`]. A call in the middle of a [chunk](crate::Map::chunk_size) can run for nearly twice as long before
    /// that is noticed.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// How long a worker may go on that is ended for its task, because that [ran too long](Self::timeout) or was
    /// [killed](crate::TaskFuture::kill): it gets SIGTERM first, and SIGKILL after the grace. By default there is none. (Python
    /// has neither.)
    ///
    /// There is none in the middle of a [chunk](crate::Map::chunk_size), whose next call would begin in it.
    ///
    /// A task can use it to leave its files in order. What it answers meanwhile is its value after all. No other task
    /// waits for that, but its worker is replaced only afterwards.
    pub fn kill_grace(mut self, grace: Duration) -> Self {
        self.kill_grace = grace;
        self
    }

    /// How many workers may die within the [`restart_window`](Self::restart_window), by whatever their tasks do or from
    /// outside; one more breaks the pool, so that a program whose every task crashes does not start workers without end.
    /// By default any number. (Python's pool is broken by the first.)
    ///
    /// What waits then, and what is submitted later, ends with [`TaskError::PoolBroken`] and
    /// [`PoolError::TooManyDeaths`]. Workers that the pool has ended itself, for a time limit or a
    /// [kill](crate::TaskFuture::kill), do not count.
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::PoolError;
    /// use executor_runtime::prelude::*;
    ///
    /// #[pool_task(process)]
    /// fn crash() {
    ///     std::process::abort();
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = ProcessPoolExecutor::builder().max_workers(1).restart_limit(1).build()?;
    /// let ends = [(); 3].map(|()| pool.submit(crash::task()).result().expect_err("no value"));
    /// assert!(matches!(ends, [TaskError::WorkerDied(_), TaskError::WorkerDied(_), TaskError::PoolBroken { .. }]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn restart_limit(mut self, deaths: usize) -> Self {
        self.restart_limit = Some(deaths);
        self
    }

    /// For how long a worker's death counts for the [`restart_limit`](Self::restart_limit); by default a minute.
    pub fn restart_window(mut self, window: Duration) -> Self {
        self.restart_window = window;
        self
    }

    /// How many workers are started at once by [`build`](Self::build), which does not wait for them
    /// ([`wait_ready`](ProcessPoolExecutor::wait_ready) does); by default none. There are never more than
    /// `max_workers`. (Python has none.)
    pub fn prewarm(mut self, processes: usize) -> Self {
        self.prewarm = processes;
        self
    }

    /// The stack on which tasks run, in bytes (Python: `threading.stack_size()`); by default 8 MiB, as `main` usually
    /// has. A task that overflows it takes its worker with it: [`TaskError::WorkerDied`].
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size_bytes = bytes;
        self
    }

    /// How long a worker process may take from its start until its initializer can run; by default 10 seconds.
    /// (Python waits for ever.)
    ///
    /// A pool of which no worker is ready in time is broken: [`PoolError::WorkerTooSlow`]. So long it is tried again when
    /// the system has no descriptor, process or memory left for one, or when workers are ended by SIGKILL before they are
    /// ready.
    pub fn start_timeout(mut self, limit: Duration) -> Self {
        self.start_timeout = limit;
        self
    }

    /// What tasks and answers travel over; by default [`Transport::SharedMemory`]. (Python has pipes.)
    pub fn transport(mut self, transport: Transport) -> Self {
        self.transport = transport;
        self
    }

    /// How long the encoded value of one call may be, in bytes; by default 4 GiB. (Python has no limit.)
    ///
    /// A longer one is not sent: its future ends with [`TaskError::Encode`]. Nor does the pool take more from a worker,
    /// whatever that worker says, so this is also how much memory one that has gone wild can take from the program: so much
    /// for each call that it has been given, of which a [chunk](crate::Map::chunk_size) has many.
    pub fn max_result_size(mut self, bytes: usize) -> Self {
        self.max_value_len_bytes = bytes as u64;
        self
    }

    /// Where what tasks print goes; by default [to where this process prints](WorkerStdout::Inherit). (Python's workers
    /// inherit it.)
    pub fn stdout(mut self, stdout: WorkerStdout) -> Self {
        self.stdout = stdout;
        self
    }

    /// Where what tasks write to stderr goes, and what is written there when a task panics or its worker dies; by
    /// default [through this process](WorkerStderr::Forward), which remembers the last lines for those who ask what a
    /// worker died of. (Python's workers inherit it.)
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::prelude::*;
    /// use executor_runtime::WorkerStderr;
    ///
    /// #[pool_task(process)]
    /// fn check(path: String) {
    ///     eprintln!("{path} is damaged");
    ///     std::process::abort()
    /// }
    ///
    /// fn last_words(stderr: WorkerStderr) -> Result<String, PoolError> {
    ///     let pool = ProcessPoolExecutor::builder().max_workers(1).stderr(stderr).build()?;
    ///     match pool.submit(check::task("a.db".to_owned())).result() {
    ///         Err(TaskError::WorkerDied(death)) => Ok(death.last_words.clone()),
    ///         other => panic!("it has aborted: {other:?}"),
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), PoolError> {
    /// assert_eq!(last_words(WorkerStderr::Forward)?, "a.db is damaged");
    /// assert_eq!(last_words(WorkerStderr::Null)?, "");
    /// # Ok(())
    /// # }
    /// ```
    pub fn stderr(mut self, stderr: WorkerStderr) -> Self {
        self.stderr = stderr;
        self
    }

    /// How large each ring of [`Transport::SharedMemory`] is: a power of two, at least 64. For tests that want to see
    /// what happens when it is full.
    #[doc(hidden)]
    pub fn __ring_size(mut self, bytes: u32) -> Self {
        self.ring_len_bytes = bytes;
        self
    }

    /// Builds the pool; its worker processes start when they are needed (Python: `ProcessPoolExecutor(..)`).
    ///
    /// # Errors
    ///
    /// - [`PoolError::ZeroWorkers`], [`PoolError::ZeroPending`], [`PoolError::ZeroTasksPerChild`];
    /// - [`PoolError::Limit`] if no worker can have what was asked for;
    /// - [`PoolError::InitializerFailed`] if the arguments of the initializer cannot be encoded;
    /// - [`PoolError::DuplicateTask`] if two tasks of the program have one name;
    /// - [`PoolError::TooDeep`] if too many pools are nested through tasks that build pools;
    /// - [`PoolError::NotInitialized`] in a worker that went on into `main`.
    ///
    /// What goes wrong with the workers themselves breaks the pool later, and is told by its futures:
    /// [`TaskError::PoolBroken`].
    pub fn build(self) -> Result<ProcessPoolExecutor, PoolError> {
        if self.max_workers == 0 {
            return Err(PoolError::ZeroWorkers);
        }
        if self.max_pending == Some(0) {
            return Err(PoolError::ZeroPending);
        }
        if self.max_tasks_per_child == Some(0) {
            return Err(PoolError::ZeroTasksPerChild);
        }
        if start::is_unclaimed_worker() {
            return Err(PoolError::NotInitialized);
        }
        let asked = self.worker.for_workers(self.max_workers)?;
        Registry::of_program()?;
        let initializer = self.initializer.transpose();
        let lane = LaneOptions {
            worker: WorkerOptions {
                depth: worker::depth_of_children()?,
                stack_size_bytes: self.stack_size_bytes,
                start_limit: self.start_timeout,
                link: self.transport.link(self.ring_len_bytes),
                max_value_len_bytes: self.max_value_len_bytes,
                recycling: asked.recycling(self.max_tasks_per_child),
                limits: asked.limits,
                environment: asked.environment,
                stdout: self.stdout,
                stderr: self.stderr,
            },
            initializer: initializer.map_err(|error| PoolError::InitializerFailed { cause: error.into() })?,
            timeout: self.timeout,
            grace: self.kill_grace,
            restart_limit: self.restart_limit.map(|deaths| RestartLimit { deaths, window: self.restart_window }),
            #[cfg(all(test, shuttle))]
            model: || unreachable!("models build their pools by hand"),
        };
        let options = PoolOptions {
            max_lanes: self.max_workers,
            name_prefix: "ProcessPoolExecutor".to_owned(),
            // A lane reads values that its worker wrote, and user code that recurses there recurses here.
            stack_size_bytes: Some(self.stack_size_bytes.saturating_mul(2)),
            idle_timeout: None,
            max_pending: self.max_pending,
        };
        let crew = Arc::new(Crew::new());
        let lanes_crew = Arc::clone(&crew);
        let closed_crew = Arc::clone(&crew);
        let make_lane = move || Box::new(ProcessLane::new(lane.clone(), Arc::clone(&lanes_crew))) as Box<_>;
        let pool = Pool::with_free_lanes(options, make_lane, move || closed_crew.close());
        pool.grow(self.prewarm);
        Ok(ProcessPoolExecutor { pool: Owner::new(pool), crew, counts_tasks: self.max_tasks_per_child.is_some() })
    }
}
