//! CPython's `test_future.py`: one future by itself.
//!
//! CPython runs these tests for no executor: its futures come from nowhere, and ours from promises.

use std::panic;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Barrier, Mutex, PoisonError};
use std::thread::{self, ThreadId};

use executor_runtime::prelude::*;
use executor_runtime::promise;
use executor_tests::alone::is_alone;
use executor_tests::children;
use executor_tests::watchdog::limited;

use crate::Outcome;
use crate::states::{cancelled, each_state, failed, failure, finished};

/// What a callback of the future is given, and in which thread.
fn seen_by_callback(future: &TaskFuture<u64>) -> Receiver<(ThreadId, Result<u64, TaskError>)> {
    let (send, receive) = mpsc::channel();
    future.on_done(move |result| {
        let result = result.copied().map_err(TaskError::clone);
        send.send((thread::current().id(), result)).expect("the test's end");
    });
    receive
}

/// What a callback on a future that is done has been given, in this very thread, when it was added.
fn seen_at_once(future: &TaskFuture<u64>) -> Result<u64, TaskError> {
    let (thread, result) = seen_by_callback(future).try_recv().expect("it ran at once");
    assert_eq!(thread, thread::current().id());
    result
}

/// Calls `act`, and returns what the panic hook was told meanwhile. The hook is the whole process's.
fn told_to_the_hook(act: impl FnOnce()) -> Vec<String> {
    static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let told = || TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| told().push(info.payload_as_str().unwrap_or_default().to_owned())));
    act();
    panic::set_hook(hook);
    told().split_off(0)
}

/// Has a thread of this name wait, calls `act` when it does, and returns what the thread waited for.
fn woken<R: Send>(name: &str, wait: impl FnOnce() -> R + Send, act: impl FnOnce()) -> R {
    thread::scope(|scope| {
        let waiter = thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, wait).expect("a thread");
        while !children::thread_sleeps(name) {
            thread::yield_now();
        }
        act();
        waiter.join().expect("a wait without a panic")
    })
}

/// CPython: `FutureTests.test_done_callback_with_result`.
///
/// The callback is given the value; the future's state tells of it when all callbacks have run.
#[test]
fn a_callback_sees_the_value() -> Outcome {
    let (promise, future) = promise();
    let seen = seen_by_callback(&future);
    seen.try_recv().expect_err("there is nothing to see yet");
    promise.complete(5).expect("nobody has cancelled it");
    assert_eq!(seen.try_recv()?.1?, 5);
    assert_eq!(future.result()?, 5, "the callback has only seen it");
    Ok(())
}

/// CPython: `FutureTests.test_done_callback_with_exception`.
///
/// The callback is given the error; the future's state tells of it when all callbacks have run.
#[test]
fn a_callback_sees_the_error() -> Outcome {
    let (promise, future) = promise();
    let seen = seen_by_callback(&future);
    assert!(promise.fail(failure()));
    assert!(matches!(seen.try_recv()?.1, Err(TaskError::UnknownTask { name }) if name == "nothing"));
    Ok(())
}

/// CPython: `FutureTests.test_done_callback_with_cancel`.
///
/// The callback is given the error; the future's state tells of it when all callbacks have run.
#[test]
fn a_cancellation_calls_the_callback() -> Outcome {
    let (_promise, future) = promise::<u64>();
    let seen = seen_by_callback(&future);
    let (send, told) = mpsc::channel();
    let handle = future.handle();
    future.on_done(move |_| send.send((handle.cancel(), handle.state())).expect("the test's end"));
    assert!(future.cancel());
    let (thread, result) = seen.try_recv()?;
    assert_eq!(thread, thread::current().id());
    assert!(matches!(result, Err(TaskError::Cancelled)), "{result:?}");
    assert_eq!(told.try_recv()?, (true, State::Pending));
    assert!(future.is_cancelled());
    Ok(())
}

/// CPython: `FutureTests.test_done_callback_raises`.
#[test]
fn a_callback_that_panics_is_reported_and_the_next_one_runs() -> Outcome {
    if !is_alone("future::a_callback_that_panics_is_reported_and_the_next_one_runs")? {
        return Ok(());
    }
    let (promise, future) = promise();
    future.on_done(|_| panic!("doh!"));
    let seen = seen_by_callback(&future);
    let told = told_to_the_hook(|| promise.complete(5).expect("nobody has cancelled it"));
    assert_eq!(told, ["doh!"]);
    assert_eq!(seen.try_recv()?.1?, 5);
    assert_eq!(future.result()?, 5);
    Ok(())
}

/// CPython: `FutureTests.test_done_callback_already_successful`.
#[test]
fn a_callback_on_a_finished_future_runs_at_once() -> Outcome {
    assert_eq!(seen_at_once(&finished(5))?, 5);
    Ok(())
}

/// CPython: `FutureTests.test_done_callback_already_failed`.
#[test]
fn a_callback_on_a_failed_future_runs_at_once() {
    assert!(matches!(seen_at_once(&failed()), Err(TaskError::UnknownTask { name }) if name == "nothing"));
}

/// CPython: `FutureTests.test_done_callback_already_cancelled`.
#[test]
fn a_callback_on_a_cancelled_future_runs_at_once() {
    assert!(matches!(seen_at_once(&cancelled()), Err(TaskError::Cancelled)));
}

/// CPython: `FutureTests.test_done_callback_raises_already_succeeded`.
#[test]
fn a_callback_that_panics_at_once_does_not_reach_its_caller() -> Outcome {
    if !is_alone("future::a_callback_that_panics_at_once_does_not_reach_its_caller")? {
        return Ok(());
    }
    let future = finished(5);
    let told = told_to_the_hook(|| future.on_done(|_| panic!("doh!")));
    assert_eq!(told, ["doh!"]);
    assert_eq!(future.result()?, 5);
    Ok(())
}

/// CPython: `FutureTests.test_repr`.
///
/// A number stands for the address, and one form for both of Python's cancelled states.
#[test]
fn a_future_shows_its_number_and_state() {
    let shown = each_state(|future| format!("{future:?}").replace(&future.id().to_string(), "#17"));
    assert_eq!(
        shown,
        [
            "TaskFuture(#17 pending)",
            "TaskFuture(#17 running)",
            "TaskFuture(#17 cancelled)",
            "TaskFuture(#17 finished err UnknownTask)",
            "TaskFuture(#17 finished ok u64)",
        ]
    );
}

/// CPython: `FutureTests.test_cancel`.
#[test]
fn cancel_says_whether_the_task_will_never_run() {
    assert_eq!(
        each_state(|future| (future.cancel(), future.state())),
        [
            (true, State::Cancelled),
            (false, State::Running),
            (true, State::Cancelled),
            (false, State::Failed),
            (false, State::Finished),
        ]
    );
}

/// CPython: `FutureTests.test_cancelled`.
#[test]
fn only_a_cancelled_future_is_cancelled() {
    assert_eq!(each_state(|future| future.is_cancelled()), [false, false, true, false, false]);
}

/// CPython: `FutureTests.test_done`.
#[test]
fn a_future_is_done_whatever_its_end() {
    assert_eq!(each_state(|future| future.is_done()), [false, false, true, true, true]);
}

/// CPython: `FutureTests.test_running`.
#[test]
fn only_a_running_future_is_running() {
    assert_eq!(each_state(|future| future.is_running()), [false, true, false, false, false]);
}

/// CPython: `FutureTests.test_result_with_timeout`.
#[test]
fn a_limit_of_zero_only_looks_for_the_result() {
    let [pending, running, cancelled, failed, finished] = each_state(|future| future.result_timeout(Duration::ZERO));
    assert!(pending.is_err() && running.is_err());
    assert!(matches!(cancelled, Ok(Err(TaskError::Cancelled))), "{cancelled:?}");
    assert!(matches!(failed, Ok(Err(TaskError::UnknownTask { .. }))), "{failed:?}");
    assert!(matches!(finished, Ok(Ok(42))), "{finished:?}");
}

/// CPython: `FutureTests.test_result_with_success`.
#[test]
fn a_value_wakes_who_waits_for_the_result() -> Outcome {
    let (promise, future) = promise();
    let result = limited(|| {
        woken("needs-a-value", || future.result(), || promise.complete(42).expect("nobody has cancelled it"))
    });
    assert_eq!(result?, 42);
    Ok(())
}

/// CPython: `FutureTests.test_result_with_cancel`.
#[test]
fn a_cancellation_wakes_who_waits_for_the_result() {
    let (_promise, future) = promise::<u64>();
    let handle = future.handle();
    let result = limited(|| woken("needs-a-result", || future.result(), || assert!(handle.cancel())));
    assert!(matches!(result, Err(TaskError::Cancelled)), "{result:?}");
}

/// CPython: `FutureTests.test_exception_with_timeout`.
///
/// Of a cancelled future `Cancelled` is the error, where Python raises it.
#[test]
fn a_limit_of_zero_only_looks_for_the_error() {
    let [pending, running, cancelled, failed, finished] = each_state(|future| future.error_timeout(Duration::ZERO));
    assert!(pending.is_err() && running.is_err());
    assert!(matches!(cancelled, Ok(Some(TaskError::Cancelled))), "{cancelled:?}");
    assert!(matches!(failed, Ok(Some(TaskError::UnknownTask { .. }))), "{failed:?}");
    assert!(matches!(finished, Ok(None)), "{finished:?}");
}

/// CPython: `FutureTests.test_exception_with_success`.
#[test]
fn an_error_wakes_who_waits_for_the_error() {
    let (promise, future) = promise::<u64>();
    let error = limited(|| woken("needs-an-error", || future.error(), || assert!(promise.fail(failure()))));
    assert!(matches!(error, Some(TaskError::UnknownTask { .. })), "{error:?}");
}

/// CPython: `FutureTests.test_multiple_set_result`.
///
/// A second completion does not compile. One that comes after a cancellation gets its value back.
#[test]
fn a_promise_is_completed_once() -> Outcome {
    let (kept, future) = promise();
    assert_eq!(kept.complete(1), Ok(()));
    assert!(!future.cancel() && future.is_done());
    assert_eq!(future.result()?, 1);

    let (late, future) = promise();
    assert!(future.cancel());
    assert_eq!(late.complete(2), Err(2));
    assert!(future.is_cancelled());
    Ok(())
}

/// CPython: `FutureTests.test_multiple_set_exception`.
///
/// A second failure does not compile. One that comes after a cancellation is told.
#[test]
fn a_promise_fails_once() {
    let (failed, future) = promise::<u64>();
    assert!(failed.fail(failure()));
    assert!(!future.cancel());
    assert!(matches!(future.error(), Some(TaskError::UnknownTask { .. })));

    let (late, future) = promise::<u64>();
    assert!(future.cancel());
    assert!(!late.fail(failure()));
    assert!(matches!(future.error(), Some(TaskError::Cancelled)));
}

/// CPython: `FutureTests.test_get_snapshot`.
///
/// One enum tells what a tuple tells in Python. Whoever looks, and however often, sees it go one way only.
#[test]
fn a_state_is_told_as_a_whole() {
    use State::{Cancelled, Failed, Finished, Pending, Running};

    limited(|| {
        let ways: [&[State]; 3] = [&[Pending, Running, Finished], &[Pending, Running, Failed], &[Pending, Cancelled]];
        for way in ways.into_iter().cycle().take(60) {
            let end = way[way.len() - 1];
            let (promise, future) = promise();
            // Makes the time between what is seen before and what is seen after longer.
            future.on_done(|_| thread::yield_now());
            let together = Barrier::new(5);
            let look = || {
                let mut seen = vec![future.state()];
                together.wait();
                while !seen[seen.len() - 1].is_done() {
                    seen.push(future.state());
                }
                seen
            };
            let all_seen = thread::scope(|scope| {
                let lookers = [(); 4].map(|()| scope.spawn(look));
                together.wait();
                match end {
                    Finished => promise.complete(100).expect("nobody has cancelled it"),
                    Failed => assert!(promise.fail(failure())),
                    _ => assert!(future.cancel()),
                }
                lookers.map(|looker| looker.join().expect("a look without a panic"))
            });
            for mut seen in all_seen {
                seen.dedup();
                let mut left = way.iter();
                assert!(seen.iter().all(|state| left.any(|next| next == state)), "{seen:?} is no way to {end:?}");
                assert_eq!(seen.last(), Some(&end));
            }
        }
    });
}
