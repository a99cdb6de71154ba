//! One measurement, in a process of its own, whose result is one number.

use std::process::Command;

use clap::{Subcommand, ValueEnum};

use crate::payload::Way;
use crate::pool::Kind;
use crate::{burst, crew, payload, queue};

/// What is measured.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Probe {
    /// Seconds a task, submitted all at once, `window` of them outstanding at most, and collected.
    #[command(hide = true)]
    Burst { kind: Kind, workers: usize, tasks: u64, window: usize },
    /// Bytes that all of so many tasks take while they wait.
    #[command(hide = true)]
    Queue { kind: Kind, tasks: u64 },
    /// Bytes that a worker takes.
    #[command(hide = true)]
    Crew { kind: Kind, workers: usize },
    /// Seconds for so many bytes there and back.
    #[command(hide = true)]
    Payload { way: Way, len: usize, calls: u32 },
}

impl Probe {
    /// Has a new process of this program measure it.
    pub(crate) fn ask(self) -> f64 {
        let program = std::env::current_exe().expect("the program knows its place");
        let output = Command::new(program).args(self.words()).output().expect("this program can be started");
        let said = String::from_utf8_lossy(&output.stdout);
        let measured = said.trim().parse().ok().filter(|_| output.status.success());
        measured.unwrap_or_else(|| panic!("{self:?}: {}", String::from_utf8_lossy(&output.stderr)))
    }

    /// Measures it in this process.
    pub(crate) fn measure(self) -> f64 {
        match self {
            Self::Burst { kind, workers, tasks, window } => burst::seconds_per_task(kind, workers, tasks, window),
            Self::Queue { kind, tasks } => queue::len_bytes(kind, tasks),
            Self::Crew { kind, workers } => crew::bytes_per_worker(kind, workers),
            Self::Payload { way, len, calls } => payload::seconds(way, len, calls),
        }
    }

    /// What has this program measure it.
    fn words(self) -> Vec<String> {
        match self {
            Self::Burst { kind, workers, tasks, window } => {
                vec!["burst".into(), word(&kind), workers.to_string(), tasks.to_string(), window.to_string()]
            }
            Self::Queue { kind, tasks } => vec!["queue".into(), word(&kind), tasks.to_string()],
            Self::Crew { kind, workers } => vec!["crew".into(), word(&kind), workers.to_string()],
            Self::Payload { way, len, calls } => {
                vec!["payload".into(), word(&way), len.to_string(), calls.to_string()]
            }
        }
    }
}

fn word(value: &impl ValueEnum) -> String {
    value.to_possible_value().expect("none is skipped").get_name().to_owned()
}
