//! Who holds a pool.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Pool, Pooled};

/// The users' end of a pool: when the last of them lets go of it, the pool runs what it has and ends.
pub(crate) struct Owner<J: Pooled + Send + 'static> {
    pool: Arc<Pool<J>>,
    /// Nobody waits for the end.
    in_background: AtomicBool,
}

impl<J: Pooled + Send + 'static> Owner<J> {
    pub(crate) fn new(pool: Arc<Pool<J>>) -> Arc<Self> {
        Arc::new(Self { pool, in_background: AtomicBool::new(false) })
    }

    /// Takes no more jobs, and does not wait for those that are there: not now, and not when it is dropped.
    pub(crate) fn shutdown_background(&self) {
        // Relaxed: the drop that reads it comes after this call, through the same `Arc`.
        self.in_background.store(true, Ordering::Relaxed);
        self.pool.close();
    }
}

impl<J: Pooled + Send + 'static> Deref for Owner<J> {
    type Target = Arc<Pool<J>>;

    fn deref(&self) -> &Arc<Pool<J>> {
        &self.pool
    }
}

impl<J: Pooled + Send + 'static> Drop for Owner<J> {
    fn drop(&mut self) {
        self.pool.close();
        if !*self.in_background.get_mut() {
            self.pool.join(None);
        }
    }
}
