//! Whole programs in surroundings that a test cannot make for itself.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{self, Command, Output};
use std::thread;

use executor_tests::watchdog::limited;

/// As the programs know them.
const TRANSPORTS: [&str; 2] = ["shared-memory", "ipc-channel"];

fn run(program: &mut Command) -> (String, Output) {
    let output = limited(|| program.output().expect("the program runs"));
    (String::from_utf8_lossy(&output.stdout).trim().to_owned(), output)
}

fn one_task() -> Command {
    Command::new(env!("CARGO_BIN_EXE_one_task"))
}

#[test]
fn a_task_runs() {
    let (said, output) = run(&mut one_task());
    assert_eq!(said, "value 9");
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[test]
fn no_temporary_directory_is_needed() {
    let (said, output) = run(one_task().env("TMPDIR", "/nowhere/at/all"));
    assert_eq!(said, "value 9", "{output:?}");
}

#[test]
fn a_temporary_directory_that_ipc_channel_needs_is_told() {
    let (said, output) = run(one_task().arg("ipc-channel").env("TMPDIR", "/nowhere/at/all"));
    assert!(
        said.starts_with(
            "task error: the pool is broken: could not link to a worker process: \
             no socket in the temporary directory /nowhere/at/all: No such file"
        ),
        "{said}"
    );
    assert!(output.stderr.is_empty(), "no panic on the way: {output:?}");
}

#[test]
fn a_limit_of_file_sizes_is_told_and_kills_nobody() {
    // In units of 512 bytes or of 1024, as the shell likes.
    let limited = ["-c", "ulimit -f 100 && exec \"$@\"", "sh", env!("CARGO_BIN_EXE_one_task")];
    let (said, output) = run(Command::new("sh").args(limited));
    assert!(said.contains("is over this process's limit of file sizes"), "{said} {output:?}");
    let (said, output) = run(Command::new("sh").args(limited).arg("ipc-channel"));
    assert_eq!(said, "value 9", "{output:?}");
}

#[test]
fn having_no_descriptor_left_is_told() {
    for transport in TRANSPORTS {
        let works = |descriptors: u32| {
            let (said, output) = run(one_task().args([transport, &descriptors.to_string()]));
            // What is told first is not always the descriptors: where the channel gets none, it goes on without.
            let told = said.starts_with("task error: the pool is broken: could not ");
            assert!(told || said == "value 9", "{transport} {descriptors}: {said} {output:?}");
            !told
        };
        // From no descriptor at all beside the standard three to more than enough: it fails at each point on the way. All at
        // once, since each that fails hopes for some until its time is over.
        let worked = thread::scope(|scope| {
            let works = &works;
            let programs: Vec<_> = (3..40).map(|descriptors| scope.spawn(move || works(descriptors))).collect();
            programs.into_iter().map(|program| u32::from(program.join().expect("it is told"))).sum::<u32>()
        });
        assert!((1..37).contains(&worked), "{worked}");
    }
}

#[test]
fn as_many_workers_as_256_fit_under_the_usual_limit_of_descriptors() {
    // Three for each in shared memory and five over `ipc-channel`, and two that all share: what their bells are poked
    // with, and what listens to their stderr.
    for (transport, descriptors) in [("shared-memory", 770), ("ipc-channel", 1282)] {
        let (said, output) = run(Command::new(env!("CARGO_BIN_EXE_many_workers")).arg(transport));
        let expected = format!(
            "256 workers at once, 0 of them left\n{descriptors} descriptors while they ran, 0 of them left\nvalue 9"
        );
        assert_eq!(said, expected, "{output:?}");
    }
}

#[test]
fn a_leaked_variable_makes_no_worker_of_a_program() {
    for transport in TRANSPORTS {
        for value in ["1", "x", "", &process::id().to_string()] {
            let (said, _) = run(one_task().arg(transport).env("EXECUTOR_RUNTIME_WORKER", value));
            assert_eq!(said, "value 9", "{transport} {value:?}");
        }
    }
}

#[test]
fn a_leaked_variable_beside_a_socket_that_the_parent_has_not_made_makes_no_worker_of_a_program() {
    // The shell is the parent, and the variable says so.
    let leaking = ["-c", "EXECUTOR_RUNTIME_WORKER=$$ \"$@\"; exit $?", "sh", env!("CARGO_BIN_EXE_one_task")];
    for transport in TRANSPORTS {
        let (_ours, theirs) = UnixStream::pair().expect("a socket");
        let (said, _) = run(Command::new("sh").args(leaking).arg(transport).stdin(OwnedFd::from(theirs)));
        assert_eq!(said, "value 9", "{transport}");
    }
}

#[test]
fn two_tasks_of_one_name_are_told_with_their_positions() {
    let (said, _) = run(&mut Command::new(env!("CARGO_BIN_EXE_duplicate_names")));
    let at = |line: u32| format!("duplicate_names.rs:{line}:4");
    assert!(said.starts_with("two tasks are called `twice`: one at "), "{said}");
    assert!(said.contains(&at(6)) && said.contains(&at(9)), "{said}");
}
