//! Cargo as a child process, and what it used.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use std::{env, io};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// Cargo with the manifest of one folder.
pub(crate) struct Cargo {
    folder: PathBuf,
}

/// What one run took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time {
    /// Of all processors, in cargo, the compiler and the linker. Hardly depends on what else the machine does.
    pub(crate) processor: Duration,
    /// What somebody waits.
    pub(crate) clock: Duration,
}

impl Cargo {
    pub(crate) fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Runs a command that has to succeed.
    pub(crate) fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> io::Result<Output> {
        self.run_with(arguments, |_| ())
    }

    /// As [`Cargo::run`], with a change to the command.
    pub(crate) fn run_with<'a>(
        &self,
        arguments: impl IntoIterator<Item = &'a str>,
        change: impl FnOnce(&mut Command),
    ) -> io::Result<Output> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(arguments).current_dir(&self.folder);
        // Wherever the user has those of other workspaces.
        command.env("CARGO_TARGET_DIR", self.folder.join("target")).env("CARGO_INCREMENTAL", "0");
        change(&mut command);
        let output = command.output()?;
        if output.status.success() {
            return Ok(output);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(io::Error::other(format!("{command:?} ended with {}:\n{said}", output.status)))
    }

    /// As [`Cargo::run`], with a look at the clocks.
    pub(crate) fn time<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> io::Result<Time> {
        let (used, start) = (used_by_children()?, Instant::now());
        self.run(arguments)?;
        let clock = start.elapsed();
        Ok(Time { processor: used_by_children()?.saturating_sub(used), clock })
    }
}

/// The processor time of the children that have ended, and of theirs.
fn used_by_children() -> io::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let duration = |time: TimeVal| {
        let micros = time.tv_sec() * 1_000_000 + time.tv_usec();
        Duration::from_micros(micros.try_into().expect("time that passed"))
    };
    Ok(duration(usage.user_time()) + duration(usage.system_time()))
}
