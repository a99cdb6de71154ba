//! A program with one task, for tests that change its surroundings.

use std::error::Error;

use executor_runtime::Transport;
use executor_runtime::prelude::*;
use executor_tests::tasks::square;
use rustix::process::{Resource, Rlimit, setrlimit};

fn main() {
    let transport = match std::env::args().nth(1).as_deref() {
        None | Some("shared-memory") => Transport::SharedMemory,
        Some("ipc-channel") => Transport::IpcChannel,
        other => panic!("no transport {other:?}"),
    };
    // The second argument: how many descriptors the program, and so its workers, may have.
    if let Some(descriptors) = std::env::args().nth(2) {
        let limit = Some(descriptors.parse().expect("a number"));
        setrlimit(Resource::Nofile, Rlimit { current: limit, maximum: limit }).expect("a lower limit");
    }
    one_task(transport);
}

/// Prints the value of a task, or why there is none.
fn one_task(transport: Transport) {
    let pool = ProcessPoolExecutor::builder().max_workers(1).transport(transport).build();
    match pool.map(|pool| pool.submit(square::task(3)).result()) {
        Ok(Ok(value)) => println!("value {value}"),
        Ok(Err(error)) => println!("task error: {}", chain(&error)),
        Err(error) => println!("pool error: {}", chain(&error)),
    }
}

/// An error with all its sources.
fn chain(error: &dyn Error) -> String {
    std::iter::successors(Some(error), |&error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
