//! Arguments and values that do not survive their way, or panic on it.

use executor_runtime::Payload;
use executor_runtime::prelude::*;
use executor_tests::faulty::*;
use executor_tests::gate::Gate;
use executor_tests::tasks::*;

use crate::Outcome;
use crate::stage::{Stage, Worker, panics};

faults! {
    an_argument_that_refuses_to_be_written_fails_its_task
    an_argument_that_panics_when_written_fails_its_task
    an_argument_that_refuses_to_be_read_fails_its_task
    an_argument_that_panics_when_read_fails_its_task
    a_value_that_refuses_to_be_written_fails_its_task
    a_value_that_panics_when_written_fails_its_task
    a_value_that_refuses_to_be_read_fails_its_task
    a_value_that_panics_when_read_fails_its_task
    an_argument_that_panics_when_dropped_fails_its_task
    an_argument_that_panics_when_it_is_dropped_at_home_fails_its_task
    a_value_that_panics_when_nobody_wants_it_costs_nobody_anything
}

/// This was refused on its way into bytes.
fn is_not_written<T>(future: TaskFuture<T>, payload: Payload) -> Worker {
    match future.result() {
        Err(TaskError::Encode(failure)) => assert_eq!(failure.what, payload),
        Err(other) => panic!("another error: {other:?}"),
        Ok(_) => panic!("a value"),
    }
    Worker::Kept
}

/// This was refused on its way out of bytes.
fn is_not_read<T>(future: TaskFuture<T>, payload: Payload) -> Worker {
    match future.result() {
        Err(TaskError::Decode(failure)) => assert_eq!(failure.what, payload),
        Err(other) => panic!("another error: {other:?}"),
        Ok(_) => panic!("a value"),
    }
    Worker::Kept
}

fn an_argument_that_refuses_to_be_written_fails_its_task(stage: &Stage) -> Outcome {
    stage.fault(
        |scene| scene.pool.submit(take_unwritable::task(Unwritable)),
        |_, future| is_not_written(future, Payload::Arguments),
    )
}

fn an_argument_that_panics_when_written_fails_its_task(stage: &Stage) -> Outcome {
    stage.fault(
        |scene| scene.pool.submit(take_panics_when_written::task(PanicsWhenWritten)),
        |_, future| panics(future, "writing this value panics"),
    )
}

fn an_argument_that_refuses_to_be_read_fails_its_task(stage: &Stage) -> Outcome {
    stage.fault(
        |scene| scene.pool.submit(take_unreadable::task(Unreadable)),
        |_, future| is_not_read(future, Payload::Arguments),
    )
}

fn an_argument_that_panics_when_read_fails_its_task(stage: &Stage) -> Outcome {
    stage.fault(
        |scene| scene.pool.submit(take_panics_when_read::task(PanicsWhenRead)),
        |_, future| panics(future, "reading this value panics"),
    )
}

fn a_value_that_refuses_to_be_written_fails_its_task(stage: &Stage) -> Outcome {
    stage.fault(|scene| scene.pool.submit(give_unwritable::task()), |_, future| is_not_written(future, Payload::Value))
}

fn a_value_that_panics_when_written_fails_its_task(stage: &Stage) -> Outcome {
    stage.fault(
        |scene| scene.pool.submit(give_panics_when_written::task()),
        |_, future| panics(future, "writing this value panics"),
    )
}

fn a_value_that_refuses_to_be_read_fails_its_task(stage: &Stage) -> Outcome {
    stage.fault(|scene| scene.pool.submit(give_unreadable::task()), |_, future| is_not_read(future, Payload::Value))
}

fn a_value_that_panics_when_read_fails_its_task(stage: &Stage) -> Outcome {
    stage.fault(
        |scene| scene.pool.submit(give_panics_when_read::task()),
        |_, future| panics(future, "reading this value panics"),
    )
}

fn an_argument_that_panics_when_dropped_fails_its_task(stage: &Stage) -> Outcome {
    stage.fault(
        |scene| scene.pool.submit(take_panics_when_dropped::task(PanicsWhenDropped::abroad())),
        |_, future| panics(future, "dropping this value panics"),
    )
}

fn an_argument_that_panics_when_it_is_dropped_at_home_fails_its_task(stage: &Stage) -> Outcome {
    stage.fault(
        |scene| scene.pool.submit(take_panics_when_dropped::task(PanicsWhenDropped::at_home())),
        // The arguments are dropped when they are written, on the way to the pool.
        |_, future| panics(future, "dropping this value panics"),
    )
}

fn a_value_that_panics_when_nobody_wants_it_costs_nobody_anything(stage: &Stage) -> Outcome {
    stage.fault(
        |scene| {
            let gate = Gate::new(scene.folder(), "the fault's");
            drop(scene.pool.submit(give_panics_when_dropped::task(gate.path())));
            gate.await_task().open();
            scene.pool.submit(square::task(3))
        },
        |_, future| {
            assert_eq!(future.result().expect("a square"), 9);
            Worker::Kept
        },
    )
}
