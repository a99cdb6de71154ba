//! How a pool of threads is made.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::{ThreadLane, ThreadPoolExecutor, cpus};
use crate::error::PoolError;
use crate::pool::{Owner, Pool, PoolOptions};
use crate::task::{BoxError, Initialized};

/// What a thread does before its first job.
pub(super) type ThreadInitializer = Arc<dyn Fn() -> Result<(), BoxError> + Send + Sync>;

/// The options of a [`ThreadPoolExecutor`] (Python: the arguments of `ThreadPoolExecutor()`).
///
/// Nothing is checked before [`build`](Self::build).
///
/// # Examples
///
/// ```
/// use executor_runtime::prelude::*;
///
/// let pool = ThreadPoolExecutor::builder()
///     .max_workers(8)
///     .thread_name_prefix("io")
///     .stack_size(256 << 10)
///     .idle_timeout(Duration::from_secs(10))
///     .max_pending(1000)
///     .build()?;
/// let name = pool.submit(|| std::thread::current().name().map(str::to_owned)).result()?;
/// assert_eq!(name.as_deref(), Some("io_0"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct ThreadPoolBuilder {
    max_workers: usize,
    max_pending: Option<usize>,
    initializer: Option<ThreadInitializer>,
    idle_timeout: Option<Duration>,
    name_prefix: Option<String>,
    stack_size_bytes: Option<usize>,
}

impl ThreadPoolBuilder {
    pub(super) fn new() -> Self {
        Self {
            max_workers: default_max_workers(cpus()),
            max_pending: None,
            initializer: None,
            idle_timeout: None,
            name_prefix: None,
            stack_size_bytes: None,
        }
    }

    /// How many threads there may be (Python: `max_workers`); by default four more than processors, and no more
    /// than 32.
    pub fn max_workers(mut self, threads: usize) -> Self {
        self.max_workers = threads;
        self
    }

    /// How many jobs may wait for a thread (Python has no limit); by default any number.
    ///
    /// When so many wait, `submit` waits for one of them to start or to be cancelled, and
    /// [`try_submit`](ThreadPoolExecutor::try_submit) says so. The pool's own threads never wait: for them there
    /// is no limit. The jobs of one [chunk](crate::Map::chunk_size) of a `map` count as one.
    pub fn max_pending(mut self, jobs: usize) -> Self {
        self.max_pending = Some(jobs);
        self
    }

    /// What each thread does once, before its first job (Python: `initializer`).
    ///
    /// # Errors
    ///
    /// It returns nothing or a `Result`. If it fails or panics the pool is broken: what waits, and what is submitted
    /// later, ends with [`TaskError::PoolBroken`](crate::TaskError::PoolBroken), which keeps the cause. What runs on
    /// other threads runs to its end.
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::prelude::*;
    ///
    /// let pool = ThreadPoolExecutor::builder().initializer(|| Err::<(), _>("no licence")).build()?;
    /// let error = pool.submit(|| 1).result().unwrap_err();
    /// assert_eq!(error.to_string(), "the pool is broken: the initializer of a worker failed: no licence");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn initializer<R: Initialized>(mut self, initializer: impl Fn() -> R + Send + Sync + 'static) -> Self {
        self.initializer = Some(Arc::new(move || initializer().into_result()));
        self
    }

    /// How long a thread waits for a job before it ends; by default for ever. Later jobs start threads again, which
    /// are initialized again. (Python's threads stay.)
    pub fn idle_timeout(mut self, patience: Duration) -> Self {
        self.idle_timeout = Some(patience);
        self
    }

    /// What the threads are called (Python: `thread_name_prefix`): `prefix_0`, `prefix_1` and so on. By default
    /// `ThreadPoolExecutor-` and the pool's number. Linux shows the first 15 bytes.
    pub fn thread_name_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.name_prefix = Some(prefix.into());
        self
    }

    /// The stack of each thread, in bytes (Python: `threading.stack_size()`); by default std's.
    ///
    /// A size for which the system has no thread breaks the pool: [`PoolError::SpawnThread`].
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size_bytes = Some(bytes);
        self
    }

    /// Builds the pool; its threads start when they are needed (Python: `ThreadPoolExecutor(..)`).
    ///
    /// # Errors
    ///
    /// [`PoolError::ZeroWorkers`] and [`PoolError::ZeroPending`]; [`PoolError::BadThreadName`] if the prefix has a
    /// null byte. Threads that cannot be started break the pool later, and are told by its futures.
    pub fn build(self) -> Result<ThreadPoolExecutor, PoolError> {
        if self.max_workers == 0 {
            return Err(PoolError::ZeroWorkers);
        }
        if self.max_pending == Some(0) {
            return Err(PoolError::ZeroPending);
        }
        let name_prefix = self.name_prefix.unwrap_or_else(default_prefix);
        if name_prefix.contains('\0') {
            return Err(PoolError::BadThreadName { prefix: name_prefix });
        }
        let options = PoolOptions {
            max_lanes: self.max_workers,
            name_prefix,
            stack_size_bytes: self.stack_size_bytes,
            idle_timeout: self.idle_timeout,
            max_pending: self.max_pending,
        };
        let initializer = self.initializer;
        let pool = Pool::new(options, move || Box::new(ThreadLane::new(initializer.clone())));
        Ok(ThreadPoolExecutor { pool: Owner::new(pool) })
    }
}

impl fmt::Debug for ThreadPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPoolBuilder").field("max_workers", &self.max_workers).finish_non_exhaustive()
    }
}

/// Four more than processors, for work that waits, but no more than 32 (Python's numbers).
fn default_max_workers(cpus: usize) -> usize {
    cpus.saturating_add(4).min(32)
}

fn default_prefix() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    // Relaxed: only the uniqueness of the number counts.
    format!("ThreadPoolExecutor-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_four_threads_more_than_processors_up_to_32() {
        assert_eq!([1, 28, 29, 64, usize::MAX].map(default_max_workers), [5, 32, 32, 32, 32]);
    }
}
