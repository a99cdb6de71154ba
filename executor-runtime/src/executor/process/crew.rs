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

// The child is this program once more, which becomes a worker before it runs any test.
#[cfg(all(test, feature = "auto-start"))]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::error::WorkerExit;

    #[test]
    fn a_worker_that_comes_after_the_stop_is_killed() {
        let crew = Crew::default();
        crew.stop();
        let (late, _control) = Process::spawn().expect("a worker");
        let late = Arc::new(late);
        crew.add(&late);
        assert!(late.wait_ended(Some(Duration::from_mins(1))), "it waits for its parent");
        assert_eq!(late.reap(), WorkerExit::Signal(9));
    }
}
