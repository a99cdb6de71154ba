//! Futures in each state: of no executor, as CPython's own tests make them, or held there by a gate.

use executor_runtime::prelude::*;
use executor_runtime::{RunningPromise, TaskId, promise};
use executor_tests::gate::{self, Gate, Waiting};

/// Runs as long as its promise is not kept.
pub(crate) fn running() -> (RunningPromise<u64>, TaskFuture<u64>) {
    let (promise, future) = promise();
    (promise.start().expect("nobody has cancelled it"), future)
}

pub(crate) fn cancelled() -> TaskFuture<u64> {
    let (_promise, future) = promise();
    assert!(future.cancel());
    future
}

pub(crate) fn failed() -> TaskFuture<u64> {
    let (promise, future) = promise();
    assert!(promise.fail(failure()));
    future
}

/// The error of [`failed`].
pub(crate) fn failure() -> TaskError {
    TaskError::UnknownTask { name: "nothing".to_owned() }
}

pub(crate) fn finished(value: u64) -> TaskFuture<u64> {
    let (promise, future) = promise();
    promise.complete(value).expect("nobody has cancelled it");
    future
}

/// What five futures answer: a pending and a running one, a cancelled one, a failed one, and one finished with 42.
pub(crate) fn each_state<R>(ask: impl Fn(&mut TaskFuture<u64>) -> R) -> [R; 5] {
    let (_pending, pending) = promise();
    let (_running, running) = running();
    [pending, running, cancelled(), failed(), finished(42)].map(|mut future| ask(&mut future))
}

/// A task of the executor that runs until it is let go.
pub(crate) fn start_at(pool: &dyn Executor, gate: &Gate) -> (TaskFuture<u64>, Waiting) {
    let future = pool.submit(gate::pass::task(gate.path()));
    (future, gate.await_task())
}

/// Which futures they are, in their order.
pub(crate) fn ids<'a>(futures: impl IntoIterator<Item = &'a TaskFuture<u64>>) -> Vec<TaskId> {
    futures.into_iter().map(TaskFuture::id).collect()
}
