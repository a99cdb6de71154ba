#![doc = include_str!("../README.md")]
//!
//! # What the programs share
//!
//! [`Figures`] are printed at the end of each, [`exit_code`] is how each ends, [`with_causes`] how errors are told,
//! and [`workers`] reads the option that most of them have. There is nothing of the executors here: that is what
//! the programs show.

mod figures;

use std::error::Error;
use std::io;
use std::process::ExitCode;

use clap::builder::{RangedU64ValueParser, TypedValueParser};

pub use figures::Figures;

/// Ends a program: its own exit code, or 1 after telling an error and its causes on stderr.
///
/// That nobody reads the output any more, as in `checksums . | head`, is not an error.
pub fn exit_code(result: Result<ExitCode, Box<dyn Error>>) -> ExitCode {
    match result {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", with_causes(&*error));
            ExitCode::FAILURE
        }
    }
}

/// Reads a number of workers: at least one, and no more than anybody means.
pub fn workers() -> impl TypedValueParser<Value = usize> {
    RangedU64ValueParser::<usize>::new().range(1..=1024)
}

/// The processors this program may use.
pub fn cpus() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// An error and what caused it, each after a colon.
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut parts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        parts.push(error.to_string());
        cause = error.source();
    }
    parts.join(": ")
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_follow_their_error() {
        let cause = io::Error::from(io::ErrorKind::NotFound);
        let error = executor_runtime::PoolError::SpawnWorker(cause);
        assert_eq!(with_causes(&error), "could not start a worker process: entity not found");
    }
}
