//! CPython's `test_deadlock.py`: whatever ends a worker, and wherever, hangs nobody.
//!
//! In Python a death breaks the pool for everybody. Here it costs its own task, and what cannot be read or written
//! costs not even the worker.

use executor_runtime::prelude::*;
use executor_runtime::{Payload, WorkerExit};
use executor_tests::children;
use executor_tests::gate::{self, Gate};
use executor_tests::tasks::*;
use executor_tests::watchdog::limited;
use rustix::process::Signal;

use crate::Outcome;

/// Has a new pool try something, and sees that it can do its work afterwards and end.
fn outlive<T>(attempt: impl FnOnce(&ProcessPoolExecutor) -> T) -> T {
    limited(|| {
        let pool = ProcessPoolExecutor::new(2).expect("a pool");
        let tried = attempt(&pool);
        let squares: Vec<u64> = pool.map(square::task, 0..20).collect::<Result<_, _>>().expect("its work");
        assert_eq!(squares, (0..20).map(square).collect::<Vec<_>>());
        pool.shutdown(Shutdown::Drain);
        tried
    })
}

/// How the worker of a task ended.
fn end_of<T>(result: Result<T, TaskError>) -> WorkerExit {
    match result {
        Err(TaskError::WorkerDied(death)) => death.exit,
        Err(other) => panic!("the worker did not die: {other:?}"),
        Ok(_) => panic!("the worker did not die"),
    }
}

const SEGFAULT: WorkerExit = WorkerExit::Signal(11);

/// CPython: `ExecutorDeadlockTest.test_error_at_task_pickle`.
///
/// What the type itself said is lost; the error names the task.
#[test]
fn an_argument_that_cannot_be_encoded_hangs_nobody() {
    let result = outlive(|pool| pool.submit(take_unwritable::task(Unwritable)).result());
    assert!(matches!(&result, Err(TaskError::Encode(failure)) if failure.what == Payload::Arguments), "{result:?}");
}

/// CPython: `ExecutorDeadlockTest.test_exit_at_task_unpickle`.
///
/// The pool is not broken.
#[test]
fn an_exit_while_an_argument_is_read_hangs_nobody() {
    let result = outlive(|pool| pool.submit(take_deadly::task(DeadlyToRead(Death::Exit(1)))).result());
    assert_eq!(end_of(result), WorkerExit::Code(1));
}

/// CPython: `ExecutorDeadlockTest.test_error_at_task_unpickle`.
///
/// The pool is not broken, and the worker lives.
#[test]
fn an_argument_that_cannot_be_decoded_hangs_nobody() {
    let result = outlive(|pool| pool.submit(take_unreadable::task(Unreadable)).result());
    assert!(matches!(&result, Err(TaskError::Decode(failure)) if failure.what == Payload::Arguments), "{result:?}");
}

/// CPython: `ExecutorDeadlockTest.test_crash_at_task_unpickle`.
///
/// The pool is not broken.
#[test]
fn a_crash_while_an_argument_is_read_hangs_nobody() {
    let result = outlive(|pool| pool.submit(take_deadly::task(DeadlyToRead(Death::Crash))).result());
    assert_eq!(end_of(result), SEGFAULT);
}

/// CPython: `ExecutorDeadlockTest.test_crash_during_func_exec_on_worker`.
///
/// The pool is not broken.
#[test]
fn a_crash_in_a_task_hangs_nobody() {
    assert_eq!(end_of(outlive(|pool| pool.submit(segfault::task()).result())), SEGFAULT);
}

/// CPython: `ExecutorDeadlockTest.test_exit_during_func_exec_on_worker`.
///
/// An exit ends the worker; in Python it is an exception that travels back.
#[test]
fn an_exit_in_a_task_hangs_nobody() {
    assert_eq!(end_of(outlive(|pool| pool.submit(exit::task(1)).result())), WorkerExit::Code(1));
}

/// CPython: `ExecutorDeadlockTest.test_error_during_func_exec_on_worker`.
///
/// A panic travels back as a report; an error that the task returned, as itself.
#[test]
fn an_error_in_a_task_hangs_nobody() {
    let (panic, error) =
        outlive(|pool| (pool.submit(panic_with::task(7)).result(), pool.submit(parse::task("x")).result()));
    assert!(matches!(&panic, Err(TaskError::Panicked(report)) if report.message == "number 7 is bad"), "{panic:?}");
    assert_eq!(error.expect("a value"), parse("x"));
}

/// CPython: `ExecutorDeadlockTest.test_crash_during_result_pickle_on_worker`.
///
/// The pool is not broken.
#[test]
fn a_crash_while_a_value_is_written_hangs_nobody() {
    assert_eq!(end_of(outlive(|pool| pool.submit(give_deadly::task(Death::Crash)).result())), SEGFAULT);
}

/// CPython: `ExecutorDeadlockTest.test_exit_during_result_pickle_on_worker`.
///
/// An exit ends the worker; in Python it is an exception that travels back.
#[test]
fn an_exit_while_a_value_is_written_hangs_nobody() {
    assert_eq!(end_of(outlive(|pool| pool.submit(give_deadly::task(Death::Exit(1))).result())), WorkerExit::Code(1));
}

/// CPython: `ExecutorDeadlockTest.test_error_during_result_pickle_on_worker`.
///
/// What the type itself said is lost; the error names the task.
#[test]
fn a_value_that_cannot_be_encoded_hangs_nobody() {
    let result = outlive(|pool| pool.submit(give_unwritable::task()).result());
    assert!(matches!(&result, Err(TaskError::Encode(failure)) if failure.what == Payload::Value), "{result:?}");
}

/// CPython: `ExecutorDeadlockTest.test_error_during_result_unpickle_in_result_handler`.
///
/// The pool is not broken: the value was one task's.
#[test]
fn a_value_that_cannot_be_decoded_hangs_nobody() {
    let result = outlive(|pool| pool.submit(give_unreadable::task()).result());
    assert!(matches!(&result, Err(TaskError::Decode(failure)) if failure.what == Payload::Value), "{result:?}");
}

/// CPython: `ExecutorDeadlockTest.test_exit_during_result_unpickle_in_result_handler`.
///
/// Where Python raises `SystemExit` in the parent, this panics there; an exit would end the program.
#[test]
fn a_panic_while_a_value_is_read_hangs_nobody() {
    let result = outlive(|pool| pool.submit(give_panics_when_read::task()).result());
    let error = result.expect_err("a panic");
    assert!(matches!(&error, TaskError::Panicked(_)), "{error:?}");
    assert!(error.to_string().contains("reading this value panics"), "{error}");
}

/// CPython: `ExecutorDeadlockTest.test_shutdown_deadlock`.
///
/// The pool is not broken: the error is the death of the worker.
#[test]
fn a_crash_after_a_shutdown_began_hangs_nobody() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(2)?;
        let folder = tempfile::tempdir()?;
        let gate = Gate::new(folder.path(), "gate");
        let crashing = pool.submit(segfault_after::task(gate.path()));
        let at_gate = gate.await_task();
        std::thread::scope(|scope| {
            let shutdown = scope.spawn(|| pool.shutdown(Shutdown::Drain));
            while !matches!(pool.submit(square::task(3)).result(), Err(TaskError::PoolShutDown)) {}
            assert!(!shutdown.is_finished());
            at_gate.open();
        });
        assert_eq!(end_of(crashing.result()), SEGFAULT);
        Ok(())
    })
}

/// CPython: `ExecutorDeadlockTest.test_shutdown_deadlock_pickle`.
///
/// What the type itself said is lost; the error names the task.
#[test]
fn an_encode_error_before_a_shutdown_in_the_background_hangs_nobody() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(2)?;
        let worker = pool.submit(pid::task()).result()?;
        let future = pool.submit(take_unwritable::task(Unwritable));
        pool.shutdown_background();
        assert!(matches!(future.result(), Err(TaskError::Encode(_))));
        children::await_end(worker);
        Ok(())
    })
}

/// CPython: `ExecutorDeadlockTest.test_crash_big_data`.
///
/// Each task ends with the death of its own worker.
#[test]
fn crashes_on_large_arguments_hang_nobody() {
    let data = vec![b'a'; 4 << 20];
    let ends: Vec<_> =
        outlive(|pool| pool.map(|_| segfault_with::task(&data), 0..10).buffer_size(4).map(end_of).collect());
    assert_eq!(ends, [SEGFAULT; 10]);
}

/// CPython: `ExecutorDeadlockTest.test_gh105829_should_not_deadlock_if_wakeup_pipe_full`.
///
/// No pipe wakes anybody here; what can be full is the link to a worker that reads nothing.
#[test]
fn workers_that_stand_still_hold_no_submitter_up() {
    outlive(|pool| {
        let folder = tempfile::tempdir().expect("a folder");
        let gates = [Gate::new(folder.path(), "0"), Gate::new(folder.path(), "1")];
        let both = gates.each_ref().map(|gate| (pool.submit(gate::pass::task(gate.path())), gate.await_task()));
        let workers = both.map(|(future, at_gate)| {
            at_gate.open();
            u32::try_from(future.result().expect("a pid")).expect("a pid")
        });
        for worker in workers {
            children::stop(worker);
        }
        let data = vec![b'a'; 100_000];
        let futures: Vec<_> = (0..100).map(|_| pool.submit(echo::task(&data))).collect();
        assert!(futures.iter().all(|future| !future.is_done()));
        for worker in workers {
            children::send(worker, Signal::CONT);
        }
        for future in futures {
            assert_eq!(future.result().expect("what was sent").len(), data.len());
        }
    });
}
