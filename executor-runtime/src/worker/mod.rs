//! One worker process, seen from the pool ([`host`]) and from inside ([`guest`]).
//!
//! Knows processes, links and the registry; knows nothing of queues and futures.

mod buffers;
mod chunk;
pub(crate) mod guest;
pub(crate) mod host;
#[cfg(all(any(test, executor_fuzz), not(shuttle)))]
pub(crate) mod hostile;
pub(crate) mod landed;
pub(crate) mod obituary;
pub(crate) mod output;
mod pace;
pub(crate) mod starting;
pub(crate) mod wear;
mod words;

use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::PoolError;
pub use output::{WorkerStderr, WorkerStdout};

/// How many pools may be nested through tasks that build pools: enough for any
/// sane program, and too few for one that starts itself for ever to matter.
const MAX_DEPTH: u32 = 10;

/// How many pools are around this process; set once, when it becomes a worker.
static DEPTH: AtomicU32 = AtomicU32::new(0);

/// How deep workers started from here are.
pub(crate) fn depth_of_children() -> Result<u32, PoolError> {
    // Relaxed: written before any thread of this process that could read it.
    let depth = DEPTH.load(Ordering::Relaxed) + 1;
    if depth > MAX_DEPTH { Err(PoolError::TooDeep { limit: MAX_DEPTH }) } else { Ok(depth) }
}
