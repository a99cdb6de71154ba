//! What the environment of a worker has that its parent's has not.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use super::limits::Refusal;

/// Where libraries look that start as many threads as there are processors, each in every worker.
const THREADS: [&str; 6] = [
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "RAYON_NUM_THREADS",
];

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    /// The last one of a name counts.
    pub(crate) variables: Vec<(OsString, OsString)>,
    pub(crate) threads: Threads,
}

/// How many threads those libraries are told to start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Threads {
    /// Nothing is told.
    #[default]
    Untold,
    /// This number, unless the parent's environment has another one.
    Share(usize),
    /// This number.
    Given(usize),
}

impl Environment {
    /// Refuses what no environment can hold.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let has_null = |text: &OsStr| text.as_bytes().contains(&0);
        for (name, value) in &self.variables {
            if name.is_empty() || name.as_bytes().contains(&b'=') || has_null(name) || has_null(value) {
                let what = format!("env = ({:?}, {:?})", name.to_string_lossy(), value.to_string_lossy());
                return Err(Refusal::told(
                    what,
                    "a name must not be empty or hold `=`, and nothing may hold a null byte",
                ));
            }
        }
        match self.threads {
            Threads::Given(0) => {
                Err(Refusal::told("inner_max_num_threads = 0".to_owned(), "it must be greater than 0, or `None`"))
            }
            _ => Ok(()),
        }
    }

    /// Gives it to a process that is going to be started.
    pub(super) fn give(&self, command: &mut Command) {
        for name in THREADS {
            match self.threads {
                Threads::Share(number) if std::env::var_os(name).is_none() => {
                    command.env(name, number.to_string());
                }
                Threads::Given(number) => {
                    command.env(name, number.to_string());
                }
                Threads::Share(_) | Threads::Untold => {}
            }
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
    }
}
