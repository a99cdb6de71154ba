//! What the soak itself has done that ends a task in another way than its kind does.
//!
//! It is noted before anybody looks at what came of it. And a task that ends so without a
//! note was ended by nobody: the pool is wrong. That a worker was killed from outside is noted by its pid, in `mischief`.

use std::sync::atomic::{AtomicBool, Ordering};

use executor_runtime::prelude::*;

/// What can have ended a task.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Causes {
    /// It was cancelled or killed, or the pool has cancelled what waits.
    pub(crate) may_be_cancelled: bool,
    /// It was submitted after a shutdown, or the pool was aborted.
    pub(crate) may_be_shut_down: bool,
}

/// How the pool is shut down while its tasks are under way, if it is.
#[derive(Debug, Default)]
pub(crate) struct Closing {
    is_closed: AtomicBool,
    cancels: AtomicBool,
    aborts: AtomicBool,
}

impl Closing {
    pub(crate) fn shut_down(&self, pool: &ProcessPoolExecutor, how: Shutdown) {
        // Relaxed, here and below: what comes of the shutdown is told under locks of the pool, and so after this.
        self.is_closed.store(true, Ordering::Relaxed);
        self.cancels.store(how != Shutdown::Drain, Ordering::Relaxed);
        self.aborts.store(matches!(how, Shutdown::Abort { .. }), Ordering::Relaxed);
        pool.shutdown(how);
    }

    /// Whether a task that was submitted before this call may have come too late.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    /// What can have ended a task by now that nobody has cancelled, and that did not come too late.
    pub(crate) fn causes(&self) -> Causes {
        Causes {
            may_be_cancelled: self.cancels.load(Ordering::Relaxed),
            may_be_shut_down: self.aborts.load(Ordering::Relaxed),
        }
    }
}
