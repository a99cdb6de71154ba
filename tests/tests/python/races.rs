//! Ends that race: cancelling, finishing, watching and dropping at one moment, a few thousand times.
//!
//! Who wins is open, and that is the point: whoever it is, all who took part agree about it, each task has one end,
//! and nothing is left of it.

use std::hint;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use executor_runtime::prelude::*;
use executor_runtime::promise;
use executor_tests::census::{Counted, living, new_number};
use executor_tests::tasks::*;
use executor_tests::watchdog::limited;

use crate::{Backend, Outcome};

/// How often each race is run.
const ROUNDS: usize = 3_000;

suite! {
    a_cancel_right_after_the_submit_agrees_with_the_result
    a_shutdown_while_others_submit_ends_every_future
}

fn a_cancel_right_after_the_submit_agrees_with_the_result(on: Backend) -> Outcome {
    let pool = on.pool(2)?;
    for round in 0..ROUNDS {
        let n = round as u64;
        let future = pool.submit(square::task(n));
        let told = Arc::new(Mutex::new(None));
        let tell = Arc::clone(&told);
        future.on_done(move |result| *tell.lock().expect("nobody panics") = Some(result.is_ok()));
        dawdle(round);
        let cancelled = future.cancel();
        assert_eq!(future.cancel(), cancelled, "the second one changes nothing");
        let value = match future.result() {
            Ok(value) => Some(value),
            Err(TaskError::Cancelled) => None,
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(value, (!cancelled).then_some(n * n));
        assert_eq!(*told.lock().expect("nobody panics"), Some(!cancelled));
    }
    Ok(())
}

fn a_shutdown_while_others_submit_ends_every_future(on: Backend) -> Outcome {
    for round in 0..40 {
        let how = [Shutdown::Drain, Shutdown::CancelPending, Shutdown::Abort { grace: Duration::ZERO }][round % 3];
        let pool = on.pool(2)?;
        // A worker process is there before it starts.
        pool.submit(square::task(1)).result()?;
        let both = Barrier::new(2);
        thread::scope(|scope| {
            let submitter = scope.spawn(|| {
                both.wait();
                let futures: Vec<_> = (0..100).map(|n| pool.submit(square::task(n))).collect();
                futures.into_iter().map(TaskFuture::result).collect::<Vec<_>>()
            });
            both.wait();
            pool.shutdown(how);
            for (n, end) in (0..).zip(submitter.join().expect("no panic")) {
                match end {
                    Ok(value) => assert_eq!(value, n * n),
                    Err(TaskError::PoolShutDown) => {}
                    Err(TaskError::Cancelled) => assert!(how != Shutdown::Drain),
                    Err(other) => panic!("{other:?}"),
                }
            }
        });
    }
    Ok(())
}

/// Runs both at the same moment, and returns what they return.
fn at_once<A: Send, B>(first: impl FnOnce() -> A + Send, second: impl FnOnce() -> B) -> (A, B) {
    let there = AtomicUsize::new(0);
    let meet = || {
        there.fetch_add(1, Ordering::SeqCst);
        // Being woken would take longer than all that is to race here.
        while there.load(Ordering::SeqCst) < 2 {
            thread::yield_now();
        }
    };
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            meet();
            first()
        });
        meet();
        let second = second();
        (other.join().expect("no panic"), second)
    })
}

/// Takes a little longer each time, up to about what a job needs to start, and from nothing again.
fn dawdle(round: usize) {
    for _ in 0..round % 200 * 50 {
        hint::spin_loop();
    }
}

#[test]
fn a_cancel_and_a_completion_agree_about_the_winner() {
    limited(|| {
        let number = new_number();
        for _ in 0..ROUNDS {
            let (promise, future) = promise();
            let calls = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&calls);
            let complete = || promise.complete(Counted::of(number)).is_ok();
            let (completed, cancelled) = at_once(complete, || {
                let handle = future.handle();
                future.on_done(move |result| {
                    let seen = if result.is_ok() { 1 } else { 100 };
                    count.fetch_add(seen, Ordering::SeqCst);
                });
                handle.cancel()
            });
            assert_ne!(completed, cancelled);
            assert_eq!(calls.load(Ordering::SeqCst), if completed { 1 } else { 100 });
            assert_eq!(living(number), usize::from(completed));
            assert_eq!(future.result().is_ok(), completed);
            assert_eq!(living(number), 0);
        }
    });
}

#[test]
fn a_start_and_a_cancel_agree_about_the_winner() {
    limited(|| {
        for round in 0..ROUNDS {
            let (promise, future) = promise::<u32>();
            let start = || {
                dawdle(round % 3);
                promise.start()
            };
            let (running, cancelled) = at_once(start, || future.cancel());
            assert_ne!(running.is_some(), cancelled);
            assert!(if cancelled { future.is_cancelled() } else { future.is_running() });
            // A promise that was started is owed from here on.
            drop(running);
            let error = future.error().expect("no value");
            assert!(matches!(error, TaskError::Cancelled) == cancelled, "{error:?}");
        }
    });
}

#[test]
fn a_task_runs_or_was_cancelled_and_is_gone_in_both_cases() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(2)?;
        let number = new_number();
        for round in 0..ROUNDS {
            let runs = Arc::new(AtomicUsize::new(0));
            let (owned, count) = (Counted::of(number), Arc::clone(&runs));
            let future = pool.submit(move || {
                count.fetch_add(1, Ordering::SeqCst);
                drop(owned);
            });
            dawdle(round);
            let cancelled = future.cancel();
            assert_eq!(future.result().is_err(), cancelled);
            assert_eq!((runs.load(Ordering::SeqCst), living(number)), (usize::from(!cancelled), 0));
        }
        Ok(())
    })
}

#[test]
fn a_value_is_dropped_once_whether_its_future_or_its_task_is_the_last() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(2)?;
        let number = new_number();
        let made = Arc::new(AtomicUsize::new(0));
        for round in 0..ROUNDS {
            let count = Arc::clone(&made);
            let future = pool.submit(move || {
                count.fetch_add(1, Ordering::SeqCst);
                Counted::of(number)
            });
            dawdle(round);
            drop(future);
        }
        // A value that was dropped twice would have made the count of the living overflow.
        drop(pool);
        assert_eq!((made.load(Ordering::SeqCst), living(number)), (ROUNDS, 0));
        Ok(())
    })
}

#[test]
fn callbacks_added_at_the_end_of_a_task_run_once_each_and_in_order() {
    limited(|| {
        for _ in 0..ROUNDS {
            let (promise, future) = promise();
            let order = Arc::new(Mutex::new(Vec::new()));
            let add = |n: u32| {
                let order = Arc::clone(&order);
                future.on_done(move |_| order.lock().expect("nobody panics").push(n));
            };
            add(0);
            at_once(|| promise.complete(7), || (1..4).for_each(add)).0.expect("nobody cancels");
            assert_eq!(*order.lock().expect("nobody panics"), [0, 1, 2, 3]);
        }
    });
}

#[test]
fn whoever_waits_for_several_sees_each_end_once() {
    limited(|| {
        for _ in 0..ROUNDS / 3 {
            let (promises, futures): (Vec<_>, Vec<_>) = (0..6).map(|_| promise()).unzip();
            let handles: Vec<_> = futures.iter().map(TaskFuture::handle).collect();
            let ends = || {
                let complete = || promises.into_iter().zip(0..).filter_map(|(promise, n)| promise.complete(n).ok());
                let cancel = || handles.iter().rev().filter(|handle| handle.cancel()).count();
                let (completed, cancelled) = at_once(|| complete().count(), cancel);
                assert_eq!(completed + cancelled, 6);
                completed
            };
            let (completed, (waited, seen)) = at_once(ends, || {
                let waited = wait(&futures, None, ReturnWhen::AllCompleted).done.len();
                (waited, as_completed(futures).map(|future| future.result().is_ok()).collect::<Vec<_>>())
            });
            assert_eq!((waited, seen.len()), (6, 6));
            assert_eq!(seen.into_iter().filter(|&is_ok| is_ok).count(), completed);
        }
    });
}

#[test]
fn as_completed_misses_nothing_that_ends_while_it_is_added() {
    limited(|| {
        for _ in 0..ROUNDS / 3 {
            let (promises, mut futures): (Vec<_>, Vec<_>) = (0..6).map(|_| promise()).unzip();
            let complete = || promises.into_iter().for_each(|promise| promise.complete(7).expect("nobody cancels"));
            let ((), seen) = at_once(complete, || {
                let mut left = as_completed(futures.pop());
                let mut seen = 0;
                while let Some(future) = left.next() {
                    seen += future.result().expect("a number");
                    futures.drain(..futures.len().min(2)).for_each(|future| left.push(future));
                }
                seen
            });
            assert_eq!(seen, 6 * 7);
        }
    });
}

#[test]
fn an_await_is_woken_by_an_end_at_the_same_moment() {
    limited(|| {
        for _ in 0..ROUNDS {
            let (promise, future) = promise();
            let (completed, value) = at_once(|| promise.complete(7), || futures::executor::block_on(future));
            completed.expect("nobody cancels");
            assert_eq!(value.expect("a number"), 7);
        }
    });
}

#[test]
fn a_value_is_gone_when_its_future_is_dropped_at_the_end_of_its_task() {
    limited(|| {
        let number = new_number();
        for _ in 0..ROUNDS {
            let (promise, future) = promise();
            let (completed, ()) = at_once(|| promise.complete(Counted::of(number)), || drop(future));
            completed.expect("nobody cancels");
            // Neither side leaves it to the other.
            assert_eq!(living(number), 0);
        }
    });
}
