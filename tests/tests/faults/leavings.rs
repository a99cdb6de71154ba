//! Tasks that leave something behind, or take something with them.

use std::process::{Command, Stdio};

use executor_runtime::Transport;
use executor_runtime::prelude::*;
use executor_tests::children;
use executor_tests::faulty::*;
use executor_tests::tasks::pid;

use crate::Outcome;
use crate::program::name_of;
use crate::stage::{Stage, Worker, times_out};

faults! {
    a_program_that_outlives_its_task_ends_with_its_worker
    a_program_that_a_dead_worker_has_started_is_gone
    a_copy_of_the_worker_ends_with_it
    a_copy_of_the_worker_that_ends_the_task_too_says_nothing
    threads_that_outlive_their_task_end_with_their_worker
    a_worker_without_descriptors_is_replaced
    output_without_end_ends_with_the_limit
    output_that_nobody_reads_ends_with_the_limit
    a_program_without_any_output_runs_its_tasks
}

fn a_program_that_outlives_its_task_ends_with_its_worker(stage: &Stage) -> Outcome {
    stage.fault(
        |scene| scene.pool.submit(leave_a_program::task()),
        |_, future| {
            assert!(children::lives(future.result().expect("its pid")));
            Worker::Kept
        },
    )
}

fn a_program_that_a_dead_worker_has_started_is_gone(stage: &Stage) -> Outcome {
    stage.fault(
        |scene| scene.pool.submit(leave_a_program_and_abort::task(&scene.folder().join("pid"))),
        |scene, future| {
            let fate = scene.dies_by(future, "SIGABRT");
            let pid = std::fs::read_to_string(scene.folder().join("pid")).expect("a file");
            // It has been killed by now, and needs a moment.
            children::await_end(pid.parse().expect("a pid"));
            fate
        },
    )
}

fn a_copy_of_the_worker_that_ends_the_task_too_says_nothing(stage: &Stage) -> Outcome {
    stage.fault(
        |scene| scene.pool.submit(end_twice::task()),
        |_, future| {
            assert!(!future.result().expect("the original's value"), "the copy has answered");
            Worker::Kept
        },
    )
}

fn a_copy_of_the_worker_ends_with_it(stage: &Stage) -> Outcome {
    stage.fault(|scene| scene.pool.submit(leave_a_copy::task()), |_, future| ends_well(future))
}

fn threads_that_outlive_their_task_end_with_their_worker(stage: &Stage) -> Outcome {
    stage.fault(|scene| scene.pool.submit(leave_threads::task()), |_, future| ends_well(future))
}

/// The task knows of nothing, and neither does its worker.
fn ends_well(future: TaskFuture<()>) -> Worker {
    future.result().expect("done");
    Worker::Kept
}

fn a_worker_without_descriptors_is_replaced(stage: &Stage) -> Outcome {
    stage.fault(
        |scene| scene.pool.submit(close_everything::task()),
        |scene, future| {
            match scene.transport {
                // Its answer lies in shared memory already when it finds that it cannot tell the pool so.
                Transport::SharedMemory => future.result().expect("done"),
                _ => drop(scene.dies_by(future, "SIGKILL")),
            }
            // One that need not be told goes on for a while.
            while scene.pool.submit(pid::task()).result().expect("a pid") == scene.worker {}
            Worker::Lost
        },
    )
}

fn output_without_end_ends_with_the_limit(stage: &Stage) -> Outcome {
    const LIMIT: Duration = Duration::from_millis(200);

    stage.fault(
        |scene| scene.pool.submit(write_without_end::task().timeout(LIMIT)),
        |_, future| times_out(future, LIMIT),
    )
}

/// A worker's other files do not get their numbers.
fn a_program_without_any_output_runs_its_tasks(stage: &Stage) -> Outcome {
    stage.leaves_nothing(|| {
        let mut host = Command::new(env!("CARGO_BIN_EXE_host"));
        let host = host.args([name_of(stage.transport), "has-closed-its-output"]).status()?;
        assert!(host.success());
        Ok(())
    })
}

/// Neither does the end of the pool wait for somebody to read it, or that of the program.
fn output_that_nobody_reads_ends_with_the_limit(stage: &Stage) -> Outcome {
    stage.leaves_nothing(|| {
        let mut host = Command::new(env!("CARGO_BIN_EXE_host"))
            .args([name_of(stage.transport), "is-not-heard"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        assert!(host.wait()?.success());
        Ok(())
    })
}
