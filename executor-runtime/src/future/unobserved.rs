//! Failures that nobody looked at.
//!
//! 1. Who gets the error of a failed job has looked at it: who takes or awaits its result or asks for its error,
//!    and every callback.
//! 2. The core tells of the failure when its future is gone and nobody has looked: where the future is dropped,
//!    or, if it was dropped before the end, where the job ends.
//! 3. Cancelling and shutting down are no failures: somebody wanted that.

use std::fmt;
use std::panic::Location;
use std::sync::{Arc, PoisonError, RwLock};

use super::{TaskId, contained};
use crate::error::TaskError;

type Hook = dyn Fn(&Unobserved<'_>) + Send + Sync;

/// `None`: the default. Not one of `sync`: shuttle's may not outlive a schedule.
static HOOK: RwLock<Option<Arc<Hook>>> = RwLock::new(None);

/// A failure that nobody looked at: what the hook of [`set_unobserved_failure_hook`] is told. (Python has none.)
///
/// Its `Display` form is what is logged where there is no hook.
#[derive(Clone, Copy, Debug)]
pub struct Unobserved<'a> {
    id: TaskId,
    submitted_at: &'static Location<'static>,
    error: &'a TaskError,
}

impl Unobserved<'_> {
    /// The number of the task.
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// Where the task was submitted.
    pub fn submitted_at(&self) -> &'static Location<'static> {
        self.submitted_at
    }

    /// Why the task has no value.
    pub fn error(&self) -> &TaskError {
        self.error
    }
}

impl fmt::Display for Unobserved<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nobody looked at the failure of task {}", self.id)?;
        // The report of a panic tells the place itself.
        if !matches!(self.error, TaskError::Panicked(_)) {
            write!(f, ", submitted at {}", self.submitted_at)?;
        }
        write!(f, ": {}", self.error)
    }
}

/// Has `hook` told of every failure that nobody looked at; until it is called, they are logged with [`log::warn!`].
///
/// A failure is unobserved if the future is dropped, before or after the task's end, and neither `result`,
/// `try_result`, `result_timeout`, `.await` or `error` has returned it nor an `on_done` callback seen it. A task
/// that was cancelled, or refused by a pool that was shut down, has not failed in this sense; nor has what a
/// [`Map`](crate::Map) has not yielded when it is dropped. (Python tells nobody.)
///
/// The hook is called where the future is dropped or, if that was before, where the task ends: on a thread of a
/// pool, mostly, so it should be quick and wait for nothing. There is one hook for the whole program; a new one
/// replaces the old one.
///
/// # Panics
///
/// A panic in the hook, or in the logger, is reported by the panic hook and goes no further.
///
/// # Examples
///
/// ```
/// use executor_runtime::prelude::*;
///
/// executor_runtime::set_unobserved_failure_hook(|failure| eprintln!("{failure}"));
/// let pool = ThreadPoolExecutor::new(1)?;
/// drop(pool.submit(|| panic!("seen by the hook")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn set_unobserved_failure_hook(hook: impl Fn(&Unobserved<'_>) + Send + Sync + 'static) {
    let hook: Arc<Hook> = Arc::new(hook);
    let old = HOOK.write().unwrap_or_else(PoisonError::into_inner).replace(hook);
    // Its destructor is user code, so the lock is free by now.
    drop(old);
}

/// Tells the hook of a failed job; `error` says how it failed. Never unwinds.
pub(super) fn report(id: TaskId, submitted_at: &'static Location<'static>, error: &TaskError) {
    if matches!(error, TaskError::Cancelled | TaskError::PoolShutDown) {
        return;
    }
    let failure = Unobserved { id, submitted_at, error };
    // Loggers and hooks are user code.
    contained(|| {
        let hook = HOOK.read().unwrap_or_else(PoisonError::into_inner).clone();
        match hook {
            Some(hook) => hook(&failure),
            None => log::warn!(target: "executor_runtime", "{failure}"),
        }
    });
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::future::promise;

    struct Kept(Mutex<Vec<(log::Level, String, String)>>);

    impl log::Log for Kept {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &log::Record<'_>) {
            let line = (record.level(), record.target().to_owned(), record.args().to_string());
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
        fn flush(&self) {}
    }

    static LOG: Kept = Kept(Mutex::new(Vec::new()));

    #[test]
    fn without_a_hook_the_failure_is_logged() {
        log::set_logger(&LOG).expect("the only logger");
        log::set_max_level(log::LevelFilter::Warn);
        let (promise, future) = promise::<i32>();
        let line = line!() - 1;
        let id = future.id();
        promise.fail(TaskError::UnknownTask { name: "f".to_owned() });
        drop(future);
        // The logger is the whole process's: failures that other tests leave unobserved are told to it as well.
        let mut logged = LOG.0.lock().unwrap().clone();
        let told = format!("task {id}, submitted at {}:{line}:", file!());
        logged.retain(|(_, _, text)| text.contains(&told));
        let [(level, target, text)] = logged.as_slice() else { panic!("{logged:?}") };
        assert_eq!((*level, target.as_str()), (log::Level::Warn, "executor_runtime"));
        assert!(text.ends_with(": the worker process knows no task `f`"), "{text}");
    }
}
