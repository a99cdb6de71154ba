//! Locks without poisoning, and the one place where the standard library's
//! primitives are swapped for shuttle's, so that the models in `future` and
//! `pool` run the very code that is shipped.
//!
//! A panic never happens while one of these locks is held by our code: no user
//! code runs under a lock. Poisoning would only turn one failure into many.

pub(crate) mod spin;

use std::sync::{PoisonError, TryLockError};
use std::time::Instant;

#[cfg(not(shuttle))]
use std::sync as imp;

#[cfg(shuttle)]
use shuttle::sync as imp;

pub(crate) use spin::snooze;

pub(crate) use imp::MutexGuard;
pub(crate) use imp::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering, fence};

// Threads, and what belongs to one, are shuttle's there.
#[cfg(shuttle)]
pub(crate) use shuttle::{thread, thread_local};
#[cfg(not(shuttle))]
pub(crate) use std::{thread, thread_local};

/// Whether a thread has ended, as far as one can know.
pub(crate) fn has_ended(thread: &thread::JoinHandle<()>) -> bool {
    // Shuttle's do not tell.
    #[cfg(shuttle)]
    let ended = {
        let _ = thread;
        false
    };
    #[cfg(not(shuttle))]
    let ended = thread.is_finished();
    ended
}

/// A mutex whose lock cannot fail.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(imp::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(imp::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None` if somebody has it.
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(guard)) => Some(guard.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// A condition variable for [`Mutex`].
#[derive(Debug, Default)]
pub(crate) struct Condvar(imp::Condvar);

impl Condvar {
    /// Waits for a notification, or until `deadline` if there is one.
    pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>, deadline: Option<Instant>) -> MutexGuard<'a, T> {
        match deadline {
            None => self.0.wait(guard).unwrap_or_else(PoisonError::into_inner),
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                self.0.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}
