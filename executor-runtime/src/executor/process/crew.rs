//! Who can end the workers of a pool from outside of their lanes.

use std::sync::{Arc, Weak};

use crate::sync::Mutex;
use crate::sys::process::Process;

/// The pool's worker processes, for those who end them from outside of their lanes.
#[derive(Default)]
pub(super) struct Crew {
    inner: Mutex<CrewInner>,
}

#[derive(Default)]
struct CrewInner {
    processes: Vec<Weak<Process>>,
    /// The pool was aborted: a death is no accident, and nobody is replaced.
    stopped: bool,
}

impl Crew {
    /// Adds a worker; one that comes after the stop is killed at once.
    pub(super) fn add(&self, process: &Arc<Process>) {
        let mut inner = self.inner.lock();
        inner.processes.retain(|process| process.strong_count() > 0);
        inner.processes.push(Arc::downgrade(process));
        if inner.stopped {
            process.kill();
        }
    }

    pub(super) fn stop(&self) {
        self.inner.lock().stopped = true;
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.inner.lock().stopped
    }

    pub(super) fn each(&self, act: impl Fn(&Process)) {
        let processes: Vec<_> = self.inner.lock().processes.iter().filter_map(Weak::upgrade).collect();
        for process in processes {
            act(&process);
        }
    }
}
