//! Tasks that end themselves or their worker, or never end.

use executor_runtime::DeathHint;
use executor_runtime::prelude::*;
use executor_tests::faulty::*;
use executor_tests::limits::allocate_for_ever;
use executor_tests::tasks::{abort, exit, overflow, panic_with, spin};
use executor_tests::transports::running;

use crate::Outcome;
use crate::stage::{Stage, Worker, panics, times_out};

faults! {
    a_panic_fails_its_task_and_costs_no_worker
    an_abort_is_told_by_its_signal
    a_segmentation_fault_is_told_by_its_signal
    a_stack_overflow_is_told
    a_panic_in_a_panic_is_an_abort
    an_exit_with_success_is_a_death
    an_exit_with_a_code_is_told_by_it
    an_exit_in_a_thread_of_the_task_is_told
    a_loop_that_is_killed_is_cancelled
    a_loop_ends_with_its_limit
    a_worker_that_is_stopped_ends_with_its_limit
    memory_without_end_ends_with_its_limit
}

fn a_panic_fails_its_task_and_costs_no_worker(stage: &Stage) -> Outcome {
    stage.fault(|scene| scene.pool.submit(panic_with::task(3)), |_, future| panics(future, "number 3 is bad"))
}

fn an_abort_is_told_by_its_signal(stage: &Stage) -> Outcome {
    stage.fault(|scene| scene.pool.submit(abort::task()), |scene, future| scene.dies_by(future, "SIGABRT"))
}

fn a_segmentation_fault_is_told_by_its_signal(stage: &Stage) -> Outcome {
    stage.fault(|scene| scene.pool.submit(read_wildly::task()), |scene, future| scene.dies_by(future, "SIGSEGV"))
}

fn a_stack_overflow_is_told(stage: &Stage) -> Outcome {
    stage.fault(
        |scene| scene.pool.submit(overflow::task(0)),
        |scene, future| scene.dies_of(future, "SIGSEGV", DeathHint::StackOverflow),
    )
}

fn a_panic_in_a_panic_is_an_abort(stage: &Stage) -> Outcome {
    stage.fault(|scene| scene.pool.submit(panic_twice::task()), |scene, future| scene.dies_by(future, "SIGABRT"))
}

fn an_exit_with_success_is_a_death(stage: &Stage) -> Outcome {
    stage.fault(|scene| scene.pool.submit(exit::task(0)), |scene, future| scene.exits_with(future, 0))
}

fn an_exit_with_a_code_is_told_by_it(stage: &Stage) -> Outcome {
    stage.fault(|scene| scene.pool.submit(exit::task(3)), |scene, future| scene.exits_with(future, 3))
}

fn an_exit_in_a_thread_of_the_task_is_told(stage: &Stage) -> Outcome {
    stage.fault(|scene| scene.pool.submit(exit_in_a_thread::task(4)), |scene, future| scene.exits_with(future, 4))
}

fn a_loop_that_is_killed_is_cancelled(stage: &Stage) -> Outcome {
    stage.fault(
        |scene| scene.pool.submit(spin::task()),
        |_, future| {
            let future = running(future);
            assert!(future.kill());
            assert!(matches!(future.result(), Err(TaskError::Cancelled)));
            Worker::Lost
        },
    )
}

fn a_loop_ends_with_its_limit(stage: &Stage) -> Outcome {
    const LIMIT: Duration = Duration::from_millis(50);

    stage.fault(|scene| scene.pool.submit(spin::task().timeout(LIMIT)), |_, future| times_out(future, LIMIT))
}

fn a_worker_that_is_stopped_ends_with_its_limit(stage: &Stage) -> Outcome {
    const LIMIT: Duration = Duration::from_millis(50);

    stage.fault(|scene| scene.pool.submit(stop_itself::task().timeout(LIMIT)), |_, future| times_out(future, LIMIT))
}

fn memory_without_end_ends_with_its_limit(stage: &Stage) -> Outcome {
    const LIMIT_LEN_BYTES: u64 = 128 << 20;

    stage.fault_in(
        stage.builder().memory_limit(LIMIT_LEN_BYTES),
        |scene| scene.pool.submit(allocate_for_ever::task()),
        |scene, future| scene.dies_of(future, "SIGABRT", DeathHint::AllocationFailed),
    )
}
