//! What the rest of the machine does during a turn.

use std::hint::{self, black_box};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surroundings {
    /// Nothing that this program knows of.
    Quiet,
    /// A thread that never gives way wants a processor, any one, all the time.
    Hog,
    /// The program that starts the workers has a gibibyte of memory in use.
    Ballast,
}

/// Surroundings for as long as this lives.
#[must_use]
pub(crate) enum Present {
    Nothing,
    Hog(#[expect(dead_code, reason = "it is there to be dropped")] Hog),
    Ballast(#[expect(dead_code, reason = "it is there to be dropped")] Vec<u8>),
}

impl Surroundings {
    pub(crate) fn begin(self) -> Present {
        match self {
            Self::Quiet => Present::Nothing,
            Self::Hog => Present::Hog(Hog::start()),
            // Ones: zeroes would be pages that nobody has touched.
            Self::Ballast => Present::Ballast(black_box(vec![1; 1 << 30])),
        }
    }

    /// What a figure's name has behind it.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Quiet => "",
            Self::Hog => ", beside a CPU hog",
            Self::Ballast => ", parent of 1 GiB",
        }
    }
}

/// A thread rather than a process: it cannot outlive a run that ends early.
pub(crate) struct Hog {
    enough: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Hog {
    fn start() -> Self {
        let enough = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&enough);
        // Relaxed: it only has to end some time.
        let spin = move || {
            while !seen.load(Ordering::Relaxed) {
                hint::spin_loop();
            }
        };
        Self { enough, thread: Some(thread::spawn(spin)) }
    }
}

impl Drop for Hog {
    fn drop(&mut self) {
        self.enough.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        debug_assert!(matches!(ended, Some(Ok(()))), "it does nothing that could panic");
    }
}
