//! CPython's own tests of `concurrent.futures`, ported: one module for each of its files.
//!
//! Each test says which of CPython's tests it is, and how it differs. `docs/python-parity.md` lists them all,
//! also those that do not apply here; `parity` compares that list with these files, and with what is compiled of them.
//!
//! `loky` and `pebble` have what two other pools of processes test beyond that. `helping`, `races` and `references`
//! are about promises of ours that those suites only touch: a full pool that waits for itself, ends that race, and
//! what is kept of work that is done.

#![allow(clippy::unnecessary_wraps, reason = "every test of a suite has one signature")]

/// Makes each function of a suite a test for threads and one for processes.
macro_rules! suite {
    ($($name:ident)*) => {
        mod threads {
            $(#[test]
            fn $name() -> crate::Outcome {
                crate::limited(|| super::$name(crate::Backend::Threads))
            })*
        }
        mod processes {
            $(#[test]
            fn $name() -> crate::Outcome {
                crate::limited(|| super::$name(crate::Backend::Processes))
            })*
        }
    };
}

mod as_completed;
mod deadlock;
mod executor;
mod future;
mod helping;
mod init;
mod interpreter_pool;
mod loky;
mod parity;
mod pebble;
mod process_pool;
mod races;
mod references;
mod shutdown;
mod states;
mod thread_pool;
mod traps;
mod upstream;
mod wait;

use std::error::Error;

use executor_runtime::prelude::*;
use executor_tests::watchdog::limited;

type Outcome = Result<(), Box<dyn Error>>;

/// What a test of a suite runs on. It gets its executors here, so that it need not know.
#[derive(Clone, Copy, Debug)]
enum Backend {
    Threads,
    Processes,
}

impl Backend {
    fn pool(self, max_workers: usize) -> Result<Box<dyn Executor>, PoolError> {
        Ok(match self {
            Self::Threads => Box::new(ThreadPoolExecutor::new(max_workers)?),
            Self::Processes => Box::new(ProcessPoolExecutor::new(max_workers)?),
        })
    }

    /// What the programs of these tests call it.
    fn name(self) -> &'static str {
        match self {
            Self::Threads => "threads",
            Self::Processes => "processes",
        }
    }
}
