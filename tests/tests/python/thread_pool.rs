//! CPython's `test_thread_pool.py`: how many threads there are, and what a map does with them.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, RwLock, mpsc};
use std::thread;

use executor_runtime::prelude::*;
use executor_tests::alone::is_alone;
use executor_tests::children;
use executor_tests::watchdog::limited;

use crate::Outcome;

fn this_name() -> String {
    thread::current().name().unwrap_or_default().to_owned()
}

/// CPython: `ThreadPoolExecutorTest.test_map_submits_without_iteration`.
///
/// A map is lazy, as iterators are: nothing runs, and nothing of the input is used up.
#[test]
fn a_map_that_nobody_asks_runs_nothing() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(5)?;
        let (finished, is_finished) = mpsc::channel();
        let pulled = Cell::new(0);
        let items = (0..10).inspect(|_| pulled.set(pulled.get() + 1));
        let map = pool.map(
            |n: i32| {
                let finished = finished.clone();
                move || finished.send(n).expect("the test's end")
            },
            items,
        );
        pool.shutdown(Shutdown::Drain);
        drop(map);
        assert_eq!((pulled.get(), is_finished.try_iter().count()), (0, 0));
        Ok(())
    })
}

/// CPython: `ThreadPoolExecutorTest.test_default_workers`.
///
/// A machine of few processors does not get as far as the limit of 32: a unit test beside the builder does.
#[test]
fn by_default_there_are_four_threads_more_than_processors() -> Outcome {
    let processors = thread::available_parallelism()?.get();
    assert_eq!(ThreadPoolExecutor::builder().build()?.max_workers(), (processors + 4).min(32));
    Ok(())
}

/// CPython: `ThreadPoolExecutorTest.test_saturation`.
#[test]
fn a_full_pool_has_exactly_its_threads() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(4).thread_name_prefix("saturated").build()?;
        let closed = Arc::new(RwLock::new(()));
        let held = closed.write().expect("nobody panics with it");
        let (started, has_started) = mpsc::channel();
        let futures: Vec<_> = (0..60)
            .map(|_| {
                let (started, closed) = (started.clone(), Arc::clone(&closed));
                pool.submit(move || {
                    started.send(this_name()).expect("the test's end");
                    drop(closed.read());
                })
            })
            .collect();
        let mut names: BTreeSet<String> = has_started.iter().take(4).collect();
        assert_eq!((names.len(), children::threads_called("saturated_")), (4, 4), "{names:?}");
        assert!(has_started.try_recv().is_err(), "one more than the threads has started");
        drop(held);
        for future in futures {
            future.result()?;
        }
        names.extend(has_started.try_iter());
        assert_eq!(names.len(), 4, "{names:?}");
        Ok(())
    })
}

/// CPython: `ThreadPoolExecutorTest.test_idle_thread_reuse`.
#[test]
fn calls_in_a_row_use_one_thread() -> Outcome {
    // All threads are counted.
    if !is_alone("thread_pool::calls_in_a_row_use_one_thread")? {
        return Ok(());
    }
    limited(|| {
        let others = children::threads();
        let pool = ThreadPoolExecutor::builder().build()?;
        let names = [(); 3].map(|()| pool.submit(this_name).result());
        let names = names.into_iter().collect::<Result<BTreeSet<_>, _>>()?;
        assert_eq!((names.len(), children::threads() - others), (1, 1), "{names:?}");
        Ok(())
    })
}

/// CPython: `ThreadPoolExecutorTest.test_executor_map_current_future_cancel`.
#[test]
fn a_map_that_runs_out_of_time_cancels_what_it_has_not_yielded() -> Outcome {
    limited(|| {
        let log = Arc::new(Mutex::new(Vec::new()));
        let mut unfinished = Vec::new();
        // A machine that has not submitted both before a limit is over gets a longer one.
        for milliseconds in (5..12).map(|power| 1 << power) {
            let pool = ThreadPoolExecutor::new(1)?;
            let closed = Arc::new(RwLock::new(()));
            let held = closed.write().expect("nobody panics with it");
            let note_and_wait = |name: &'static str| {
                let (log, closed) = (Arc::clone(&log), Arc::clone(&closed));
                move || {
                    log.lock().expect("nobody panics with it").push(name);
                    drop(closed.read());
                }
            };
            let first = pool.submit(note_and_wait("first"));
            let mut map = pool.map(note_and_wait, ["second", "third"]).timeout(Duration::from_millis(milliseconds));
            let timeout = map.next().expect("an item").expect_err("the only thread is busy");
            assert!(map.next().is_none());
            drop(held);
            first.result()?;
            pool.shutdown(Shutdown::Drain);
            assert_eq!(log.lock().expect("nobody panics with it").split_off(0), ["first"]);
            unfinished.push((timeout.unfinished(), timeout.total()));
            if unfinished.ends_with(&[(2, 2)]) {
                return Ok(());
            }
        }
        panic!("never both of both: {unfinished:?}")
    })
}
