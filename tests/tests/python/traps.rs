//! Traps of CPython 3.15: what its futures and pools promise and do not do. Each has a test here that shows the
//! right thing on every executor that it concerns.

use std::cell::Cell;
use std::fs::File;
use std::panic::panic_any;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use executor_runtime::prelude::*;
use executor_runtime::promise;
use executor_tests::gate::{self, Gate, Hold};
use executor_tests::tasks::*;
use executor_tests::watchdog::limited;
use serde::{Deserialize, Deserializer, Serialize};

use crate::states::start_at;
use crate::{Backend, Outcome};

suite! {
    a_future_cancelled_by_a_shutdown_is_done_for_everybody_at_once
    a_callback_that_panics_costs_no_worker
    a_failing_element_does_not_lose_its_chunk
    a_queued_task_can_be_cancelled_however_busy_the_workers_are
    a_cancelled_task_never_claims_to_run
    the_limit_of_as_completed_counts_from_the_call
    as_completed_reads_its_input_at_the_call
    the_limit_of_a_map_counts_from_the_call
}

/// In Python neither of the two ever sees it as done, and without a time-out both wait for ever.
fn a_future_cancelled_by_a_shutdown_is_done_for_everybody_at_once(on: Backend) -> Outcome {
    for how in [Shutdown::CancelPending, Shutdown::Abort { grace: Duration::ZERO }] {
        let pool = on.pool(1)?;
        let folder = tempfile::tempdir()?;
        let gate = Gate::new(folder.path(), "gate");
        let (_running, at_gate) = start_at(&*pool, &gate);
        let queued: Vec<_> = (0..10).map(|n| pool.submit(square::task(n))).collect();
        thread::scope(|scope| {
            // Both a waiter that is there before the shutdown and one that comes with it.
            let yielded = as_completed(&queued);
            let shutdown = scope.spawn(|| pool.shutdown(how));
            assert_eq!(yielded.filter(|future| future.is_cancelled()).count(), 10);
            let waited = wait(&queued, None, ReturnWhen::AllCompleted);
            assert_eq!((waited.done.len(), waited.not_done.len()), (10, 0));
            if how == Shutdown::CancelPending {
                assert!(!shutdown.is_finished(), "it waits for what runs; they have not waited for that");
            }
            at_gate.open();
        });
    }
    Ok(())
}

/// Panics once more when it is dropped.
struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("dropping this value panics");
    }
}

/// In Python one that raises a `BaseException` ends its worker thread, and a pool of one thread hangs for good.
fn a_callback_that_panics_costs_no_worker(on: Backend) -> Outcome {
    let pool = on.pool(1)?;
    let folder = tempfile::tempdir()?;
    let mut run_by = Vec::new();
    for way in 0..3 {
        let gate = Gate::new(folder.path(), &way.to_string());
        let (future, at_gate) = start_at(&*pool, &gate);
        let (send, thread) = mpsc::channel();
        future.on_done(move |_| {
            send.send(thread::current().id()).expect("the test's end");
            match way {
                0 => panic!("a callback panics"),
                1 => panic_any(()),
                _ => panic_any(PanicsWhenDropped),
            }
        });
        let queued = pool.submit(square::task(3));
        at_gate.open();
        assert_eq!(queued.result()?, 9, "what waited for the worker runs on it");
        run_by.push((thread.recv()?, future.result()?));
    }
    run_by.dedup();
    assert_eq!(run_by.len(), 1, "one thread and one process did it all: {run_by:?}");
    Ok(())
}

/// In Python the whole chunk is lost, and with it the rest of the map.
fn a_failing_element_does_not_lose_its_chunk(on: Backend) -> Outcome {
    let pool = on.pool(2)?;
    let results: Vec<_> = pool.map(|n| panic_on::task(n, 1), 0..6).chunk_size(3).collect();
    assert!(matches!(&results[1], Err(TaskError::Panicked(_))), "{results:?}");
    assert_eq!(values(&results), [0, 2, 3, 4, 5]);
    Ok(())
}

/// In Python the pool is lost as well.
#[test]
fn a_dead_worker_does_not_lose_its_chunk() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(2)?;
        let results: Vec<_> = pool.map(|n| abort_on::task(n, 1), 0..6).chunk_size(3).collect();
        assert!(matches!(&results[1], Err(TaskError::WorkerDied(_))), "{results:?}");
        assert_eq!(values(&results), [0, 2, 3, 4, 5]);
        Ok(())
    })
}

fn values(results: &[Result<u64, TaskError>]) -> Vec<u64> {
    results.iter().filter_map(|result| result.as_ref().ok().copied()).collect()
}

/// In Python as many tasks as there are processes, and one more, say that they run and cannot be cancelled.
fn a_queued_task_can_be_cancelled_however_busy_the_workers_are(on: Backend) -> Outcome {
    let pool = on.pool(2)?;
    let folder = tempfile::tempdir()?;
    let gates = ["first", "second"].map(|name| Gate::new(folder.path(), name));
    let running = gates.each_ref().map(|gate| start_at(&*pool, gate));
    let left = folder.path().join("left");
    // A gate that nobody waits at holds nobody.
    let queued: Vec<_> = (0..8).map(|_| pool.submit(leave_after::task(Path::new("/dev/null"), &left))).collect();
    assert!(queued.iter().all(|future| future.state() == State::Pending));
    for future in &queued {
        assert!(future.cancel() && future.is_cancelled());
    }
    for (future, at_gate) in running {
        assert!(future.is_running() && !future.cancel());
        at_gate.open();
        future.result()?;
    }
    pool.shutdown(Shutdown::Drain);
    assert!(!left.exists(), "a cancelled task has run");
    Ok(())
}

/// Nor does it while its callbacks run, before anybody else learns of the cancellation.
fn a_cancelled_task_never_claims_to_run(on: Backend) -> Outcome {
    let pool = on.pool(1)?;
    let folder = tempfile::tempdir()?;
    let gate = Gate::new(folder.path(), "gate");
    let (running, at_gate) = start_at(&*pool, &gate);
    let cancelled = pool.submit(square::task(1));
    let by_shutdown = pool.submit(square::task(2));
    let (send, states) = mpsc::channel();
    for future in [&cancelled, &by_shutdown] {
        let (handle, send) = (future.handle(), send.clone());
        future.on_done(move |_| send.send(handle.state()).expect("the test's end"));
    }
    assert!(cancelled.cancel());
    thread::scope(|scope| {
        scope.spawn(|| pool.shutdown(Shutdown::CancelPending));
        wait([&by_shutdown], None, ReturnWhen::AllCompleted);
        at_gate.open();
    });
    assert_eq!(states.try_iter().collect::<Vec<_>>(), [State::Pending; 2]);
    assert!(cancelled.is_cancelled() && by_shutdown.is_cancelled());
    running.result()?;
    Ok(())
}

/// A value that is written, and read if it says so.
#[derive(Debug, PartialEq, Serialize)]
#[serde(transparent)]
struct Readable(bool);

impl<'de> Deserialize<'de> for Readable {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let answer = bool::deserialize(input)?;
        if answer { Ok(Self(answer)) } else { Err(serde::de::Error::custom("it says no")) }
    }
}

#[pool_task(process)]
fn readable(answer: bool) -> Readable {
    Readable(answer)
}

/// In Python it breaks the whole pool. Threads hand values over as they are.
#[test]
fn a_value_that_cannot_be_read_fails_only_its_own_future() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(2)?;
        let folder = tempfile::tempdir()?;
        let gate = Gate::new(folder.path(), "gate");
        let (running, at_gate) = start_at(&pool, &gate);
        let before = pool.submit(pid::task());
        let unreadable = pool.submit(readable::task(false));
        let after = pool.submit(pid::task());
        assert!(matches!(unreadable.result(), Err(TaskError::Decode(_))));
        assert_eq!(before.result()?, after.result()?, "its worker has lived on");
        at_gate.open();
        running.result()?;

        let answers = [true, false, true, true];
        for (result, answer) in pool.map(readable::task, answers).chunk_size(4).zip(answers) {
            match result {
                Ok(value) => assert_eq!(value, Readable(answer)),
                Err(error) => assert!(!answer && matches!(error, TaskError::Decode(_)), "{error}"),
            }
        }
        Ok(())
    })
}

/// Limits to try one after the other, until the machine is quick enough for one.
fn limits() -> impl Iterator<Item = Duration> {
    (6..12).map(|power| Duration::from_millis(1 << power))
}

/// Lets a time limit that began before the call pass.
fn let_pass(limit: Duration) {
    let (_promise, mut never) = promise::<()>();
    never.result_timeout(limit).expect_err("nobody completes it");
}

/// In Python it counts from the first `next`.
fn the_limit_of_as_completed_counts_from_the_call(on: Backend) -> Outcome {
    let pool = on.pool(1)?;
    let folder = tempfile::tempdir()?;
    let gate = Gate::new(folder.path(), "gate");
    let (running, at_gate) = start_at(&*pool, &gate);
    // One that begins with the first `next` never ends sooner than the limit.
    let is_in_time = limits().any(|limit| {
        let mut yielded = as_completed([&running]).timeout(limit);
        let_pass(limit);
        let asked = Instant::now();
        assert!(matches!(yielded.next(), Some(Err(_))));
        asked.elapsed() < limit
    });
    assert!(is_in_time);
    at_gate.open();
    running.result()?;
    Ok(())
}

/// In Python with the first `next`, so that what the input would submit has not been.
fn as_completed_reads_its_input_at_the_call(on: Backend) -> Outcome {
    let pool = on.pool(1)?;
    let read = Cell::new(0);
    let input = || {
        (0..3).map(|n| {
            read.set(read.get() + 1);
            pool.submit(square::task(n))
        })
    };
    let yielded = as_completed(input());
    assert_eq!(read.take(), 3);
    let limited = as_completed(input()).timeout(Duration::MAX);
    assert_eq!(read.take(), 3);
    // Nothing is submitted any more.
    pool.shutdown(Shutdown::Drain);
    assert_eq!(yielded.map(TaskFuture::result).collect::<Result<Vec<_>, _>>()?, [0, 1, 4]);
    assert_eq!(limited.collect::<Result<Vec<_>, _>>()?.len(), 3);
    Ok(())
}

/// Also of one that has yielded before. A map that was not asked in time has submitted nothing.
fn the_limit_of_a_map_counts_from_the_call(on: Backend) -> Outcome {
    let pool = on.pool(1)?;
    let submitted = Cell::new(0);
    let squares = |n| {
        submitted.set(submitted.get() + 1);
        square::task(n)
    };
    let limit = Duration::from_millis(20);
    let mut late = pool.map(squares, 0..3).timeout(limit);
    let_pass(limit);
    assert!(matches!(late.next(), Some(Err(_))), "nothing was submitted in time");
    assert!(late.next().is_none());
    assert_eq!(submitted.get(), 0);

    let folder = tempfile::tempdir()?;
    let free = folder.path().join("free");
    File::create(&free)?;
    let is_in_time = limits().any(|limit| {
        let hold = Hold::new(folder.path(), &limit.as_millis().to_string());
        let mut map = pool.map(gate::held::task, [&*free, hold.path()]).timeout(limit);
        if !matches!(map.next(), Some(Ok(Ok(_)))) {
            return false;
        }
        let_pass(limit);
        let asked = Instant::now();
        assert!(matches!(map.next(), Some(Err(_))), "its task is held");
        asked.elapsed() < limit
    });
    assert!(is_in_time);
    Ok(())
}
