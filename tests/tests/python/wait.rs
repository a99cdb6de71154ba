//! CPython's `test_wait.py`: until when a wait waits, and what it says then.

use std::path::Path;
use std::sync::{Arc, RwLock};
use std::thread;

use executor_runtime::prelude::*;
use executor_runtime::{TaskId, Waited};
use executor_tests::gate::{Gate, pass};
use executor_tests::tasks::*;
use executor_tests::watchdog::limited;

use crate::states::{cancelled, failed, finished, ids, start_at};
use crate::{Backend, Outcome};

suite! {
    a_future_given_twice_is_waited_for_once
    a_wait_for_the_first_returns_with_it
    a_wait_for_the_first_returns_at_once_with_all_that_is_done
    a_wait_for_the_first_failure_returns_with_it
    a_cancelled_future_is_done_but_no_failure
    a_failure_that_is_there_ends_the_wait_at_once
    a_wait_for_all_takes_every_kind_of_end
    a_wait_that_runs_out_of_time_is_no_error
}

/// Which futures are done, and which are not.
fn split(waited: Waited<&TaskFuture<u64>>) -> [Vec<TaskId>; 2] {
    [ids(waited.done), ids(waited.not_done)]
}

/// CPython: `WaitTests.test_20369`.
fn a_future_given_twice_is_waited_for_once(on: Backend) -> Outcome {
    let pool = on.pool(5)?;
    let future = pool.submit(power::task(1, 2));
    let waited = wait([&future, &future], None, ReturnWhen::AllCompleted);
    assert_eq!(split(waited), [vec![future.id()], vec![]]);
    Ok(())
}

/// CPython: `WaitTests.test_first_completed`.
///
/// A cancelled future is done, so it ends the wait as well.
fn a_wait_for_the_first_returns_with_it(on: Backend) -> Outcome {
    let pool = on.pool(5)?;
    let folder = tempfile::tempdir()?;
    let gates = ["first", "second"].map(|name| Gate::new(folder.path(), name));
    let (first, at_first) = start_at(&*pool, &gates[0]);
    let (second, at_second) = start_at(&*pool, &gates[1]);
    let waited = thread::scope(|scope| {
        scope.spawn(|| at_first.open());
        wait([&second, &first], None, ReturnWhen::FirstCompleted)
    });
    assert_eq!(split(waited), [vec![first.id()], vec![second.id()]]);
    let cancelled = cancelled();
    let waited = wait([&second, &cancelled], None, ReturnWhen::FirstCompleted);
    assert_eq!(split(waited), [vec![cancelled.id()], vec![second.id()]]);
    at_second.open();
    second.result()?;
    Ok(())
}

/// CPython: `WaitTests.test_first_completed_some_already_completed`.
fn a_wait_for_the_first_returns_at_once_with_all_that_is_done(on: Backend) -> Outcome {
    let pool = on.pool(5)?;
    let folder = tempfile::tempdir()?;
    let gate = Gate::new(folder.path(), "gate");
    let (running, at_gate) = start_at(&*pool, &gate);
    let done = [cancelled(), finished(42)];
    let waited = wait([&done[0], &running, &done[1]], None, ReturnWhen::FirstCompleted);
    assert_eq!(split(waited), [ids(&done), vec![running.id()]]);
    at_gate.open();
    running.result()?;
    Ok(())
}

/// CPython: `WaitTests.test_first_exception`.
fn a_wait_for_the_first_failure_returns_with_it(on: Backend) -> Outcome {
    /// Comes to a gate, and fails when that opens.
    #[pool_task(process)]
    fn fail_after(gate: &Path) -> u64 {
        panic!("process {} fails", pass(gate))
    }
    let pool = on.pool(5)?;
    let folder = tempfile::tempdir()?;
    let gates = ["fails", "runs"].map(|name| Gate::new(folder.path(), name));
    let value = pool.submit(power::task(2, 21));
    let failing = pool.submit(fail_after::task(gates[0].path()));
    let (running, at_gate) = start_at(&*pool, &gates[1]);
    let waited = thread::scope(|scope| {
        scope.spawn(|| {
            wait([&value], None, ReturnWhen::AllCompleted);
            gates[0].await_task().open();
        });
        wait([&value, &failing, &running], None, ReturnWhen::FirstFailure)
    });
    assert_eq!(split(waited), [vec![value.id(), failing.id()], vec![running.id()]]);
    at_gate.open();
    running.result()?;
    Ok(())
}

/// CPython: `WaitTests.test_first_exception_some_already_complete`.
///
/// Every cancelled future is among those that are done, whoever else knows of it.
fn a_cancelled_future_is_done_but_no_failure(on: Backend) -> Outcome {
    let pool = on.pool(5)?;
    let folder = tempfile::tempdir()?;
    let gates = ["fails", "runs"].map(|name| Gate::new(folder.path(), name));
    let (running, at_gate) = start_at(&*pool, &gates[1]);
    let done = [finished(42), cancelled()];
    let waited = wait([&done[0], &done[1], &running], Some(Duration::ZERO), ReturnWhen::FirstFailure);
    assert_eq!(split(waited), [ids(&done), vec![running.id()]]);
    let failing = pool.submit(panic_on::task(21, 21));
    let waited = wait([&done[0], &done[1], &failing, &running], None, ReturnWhen::FirstFailure);
    assert_eq!(split(waited), [ids(done.iter().chain([&failing])), vec![running.id()]]);
    at_gate.open();
    running.result()?;
    Ok(())
}

/// CPython: `WaitTests.test_first_exception_one_already_failed`.
fn a_failure_that_is_there_ends_the_wait_at_once(on: Backend) -> Outcome {
    let pool = on.pool(5)?;
    let folder = tempfile::tempdir()?;
    let gate = Gate::new(folder.path(), "gate");
    let (running, at_gate) = start_at(&*pool, &gate);
    let failed = failed();
    let waited = wait([&running, &failed], None, ReturnWhen::FirstFailure);
    assert_eq!(split(waited), [vec![failed.id()], vec![running.id()]]);
    at_gate.open();
    running.result()?;
    Ok(())
}

/// CPython: `WaitTests.test_all_completed`.
fn a_wait_for_all_takes_every_kind_of_end(on: Backend) -> Outcome {
    let pool = on.pool(5)?;
    let (failing, value) = (pool.submit(panic_on::task(2, 2)), pool.submit(power::task(2, 21)));
    let futures = [finished(42), cancelled(), failed(), failing, value];
    let waited = wait(&futures, None, ReturnWhen::AllCompleted);
    assert_eq!(split(waited), [ids(&futures), vec![]]);
    assert!(futures.iter().all(TaskFuture::is_done));
    Ok(())
}

/// CPython: `WaitTests.test_timeout`.
fn a_wait_that_runs_out_of_time_is_no_error(on: Backend) -> Outcome {
    let pool = on.pool(5)?;
    let folder = tempfile::tempdir()?;
    let gate = Gate::new(folder.path(), "gate");
    let (running, at_gate) = start_at(&*pool, &gate);
    let done = [cancelled(), failed(), finished(42)];
    let futures = done.iter().chain([&running]);
    let waited = wait(futures, Some(Duration::from_millis(50)), ReturnWhen::AllCompleted);
    assert_eq!(split(waited), [ids(&done), vec![running.id()]]);
    at_gate.open();
    running.result()?;
    Ok(())
}

/// CPython: `ThreadPoolWaitTests.test_pending_calls_race`.
#[test]
fn futures_released_together_are_all_seen() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(100)?;
        for _ in 0..10 {
            let closed = Arc::new(RwLock::new(()));
            let held = closed.write().expect("nobody panics with it");
            let futures: Vec<_> = (0..100)
                .map(|_| {
                    let closed = Arc::clone(&closed);
                    pool.submit(move || drop(closed.read()))
                })
                .collect();
            drop(held);
            let waited = wait(&futures, None, ReturnWhen::AllCompleted);
            assert_eq!((waited.done.len(), waited.not_done.len()), (100, 0));
        }
        Ok(())
    })
}
