//! CPython's `test_as_completed.py`: futures in the order in which they end.

use std::iter;

use executor_runtime::prelude::*;
use executor_runtime::promise;
use executor_tests::census::{self, Counted};
use executor_tests::gate::Gate;
use executor_tests::tasks::*;

use crate::states::{cancelled, failed, finished, ids, start_at};
use crate::{Backend, Outcome};

suite! {
    futures_in_every_state_are_yielded
    a_time_limit_yields_what_is_done_and_then_says_so
    a_future_given_several_times_is_yielded_once
    a_yielded_future_is_not_kept
    a_time_out_says_how_many_are_unfinished
}

/// CPython: `AsCompletedTests.test_no_timeout`.
fn futures_in_every_state_are_yielded(on: Backend) -> Outcome {
    let pool = on.pool(5)?;
    let folder = tempfile::tempdir()?;
    let gates = ["first", "second"].map(|name| Gate::new(folder.path(), name));
    let (first, at_first) = start_at(&*pool, &gates[0]);
    let (second, at_second) = start_at(&*pool, &gates[1]);
    let done = [cancelled(), failed(), finished(42)];
    let mut yielded = as_completed([&first, &done[0], &done[1], &second, &done[2]]);
    assert_eq!(ids(yielded.by_ref().take(3)), ids(&done), "what is done comes first");
    at_second.open();
    assert_eq!(yielded.next().map(TaskFuture::id), Some(second.id()));
    at_first.open();
    assert_eq!(yielded.next().map(TaskFuture::id), Some(first.id()));
    assert!(yielded.next().is_none());
    Ok(())
}

/// CPython: `AsCompletedTests.test_future_times_out`.
fn a_time_limit_yields_what_is_done_and_then_says_so(on: Backend) -> Outcome {
    let pool = on.pool(5)?;
    let folder = tempfile::tempdir()?;
    let gate = Gate::new(folder.path(), "gate");
    let (running, at_gate) = start_at(&*pool, &gate);
    let done = [cancelled(), failed(), finished(42)];
    for limit in [Duration::ZERO, Duration::from_millis(100)] {
        let mut yielded = as_completed(iter::once(&running).chain(&done)).timeout(limit);
        let early = yielded.by_ref().take(3).collect::<Result<Vec<_>, _>>()?;
        assert_eq!(ids(early), ids(&done), "{limit:?}");
        assert!(matches!(yielded.next(), Some(Err(WaitTimeout { .. }))), "{limit:?}");
        assert!(yielded.next().is_none(), "{limit:?}");
    }
    at_gate.open();
    running.result()?;
    Ok(())
}

/// CPython: `AsCompletedTests.test_duplicate_futures`.
fn a_future_given_several_times_is_yielded_once(on: Backend) -> Outcome {
    let pool = on.pool(5)?;
    let folder = tempfile::tempdir()?;
    let gate = Gate::new(folder.path(), "gate");
    let (future, at_gate) = start_at(&*pool, &gate);
    let yielded = as_completed(iter::repeat_n(&future, 3));
    at_gate.open();
    assert_eq!(ids(yielded), [future.id()]);
    assert_eq!(ids(as_completed(iter::repeat_n(&future, 3))), [future.id()], "also when it is done");
    Ok(())
}

/// CPython: `AsCompletedTests.test_free_reference_yielded_future`.
fn a_yielded_future_is_not_kept(on: Backend) -> Outcome {
    let pool = on.pool(5)?;
    let number = census::new_number();
    let eight_pending = || iter::repeat_with(promise::<Counted>).take(8).unzip::<_, _, Vec<_>, Vec<_>>();
    let (promises, mut futures) = eight_pending();
    let (_cancelled, future) = promise();
    assert!(future.cancel());
    futures.push(future);
    futures.push(pool.submit(census::make::task(number)));
    wait([&futures[9]], None, ReturnWhen::AllCompleted);
    assert_eq!(census::living(number), 1);

    let mut early = as_completed(futures).timeout(Duration::ZERO);
    for _ in 0..2 {
        drop(early.next().expect("what is done")?);
    }
    assert_eq!(census::living(number), 0, "kept by an iterator with a limit");
    let timeout = early.next().expect("the time-out").expect_err("eight are pending");
    assert_eq!((timeout.unfinished(), timeout.total()), (8, 10));
    drop(early);
    for promise in promises {
        promise.complete(Counted::of(number)).expect("nobody has cancelled it");
        assert_eq!(census::living(number), 0, "kept of what was given up");
    }

    let (mut promises, futures) = eight_pending();
    let mut left = as_completed(futures);
    while let Some(promise) = promises.pop() {
        promise.complete(Counted::of(number)).expect("nobody has cancelled it");
        assert_eq!(census::living(number), 1);
        drop(left.next());
        assert_eq!(census::living(number), 0, "kept with {} to come", promises.len());
    }
    assert!(left.next().is_none());
    Ok(())
}

/// CPython: `AsCompletedTests.test_correct_timeout_exception_msg`.
fn a_time_out_says_how_many_are_unfinished(on: Backend) -> Outcome {
    let pool = on.pool(1)?;
    let folder = tempfile::tempdir()?;
    let gate = Gate::new(folder.path(), "gate");
    let (running, _at_gate) = start_at(&*pool, &gate);
    let pending = pool.submit(square::task(3));
    let futures = [cancelled(), pending, running, finished(42)];
    let last = as_completed(&futures).timeout(Duration::ZERO).last().expect("the time-out");
    assert_eq!(last.expect_err("two are not done").to_string(), "2 (of 4) futures unfinished");
    Ok(())
}
