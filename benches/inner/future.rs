//! A future and its promise, without a pool.

use divan::{Bencher, black_box};
use executor_runtime::{Promise, TaskFuture, promise};

#[divan::bench]
fn make_settle_take() -> u64 {
    let (promise, future) = promise();
    settle(promise);
    take(future)
}

#[divan::bench]
fn make() -> (Promise<u64>, TaskFuture<u64>) {
    promise()
}

/// Its promise is in the same thread, and nobody waits.
#[divan::bench(name = "settle")]
fn settle_one(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(promise).bench_local_values(|(promise, future)| {
        settle(promise);
        future
    });
}

#[divan::bench(name = "take")]
fn take_one(bencher: Bencher<'_, '_>) {
    let settled = || {
        let (promise, future) = promise();
        settle(promise);
        future
    };
    bencher.with_inputs(settled).bench_local_values(take);
}

fn settle(promise: Promise<u64>) {
    promise.complete(black_box(7)).expect("nobody cancels it");
}

fn take(future: TaskFuture<u64>) -> u64 {
    let value = future.result().expect("it was completed");
    assert_eq!(value, 7);
    value
}
