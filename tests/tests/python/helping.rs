//! A full pool that waits for itself: whoever waits for a task of its own pool runs it, and only it.
//!
//! A process pool has nobody who could wait for it but its parent; what nests there are pools in tasks of pools, down
//! to a limit.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, OnceLock};

use executor_runtime::prelude::*;
use executor_tests::tasks::*;
use executor_tests::watchdog::limited;

use crate::Outcome;

/// How many tasks each waiter waits for.
const TASKS: usize = 4;

/// A way to wait for tasks of a pool. It submits `TASKS` closures, calls `all_wait` when it is about to wait, and
/// returns what it has seen done: their numbers, in any order.
struct Way {
    name: &'static str,
    wait: fn(&ThreadPoolExecutor, &dyn Fn()) -> Vec<usize>,
}

/// Each way to wait that there is, and that has no limit.
static WAYS: [Way; 12] = [
    Way {
        name: "result",
        wait: |pool, all_wait| {
            let futures = submit(pool);
            all_wait();
            // The last one first: the order of the queue is of no importance.
            futures.into_iter().rev().map(|future| future.result().expect("a number")).collect()
        },
    },
    Way {
        name: "error",
        wait: |pool, all_wait| {
            let futures = submit(pool);
            all_wait();
            assert!(futures.iter().all(|future| future.error().is_none()));
            taken(futures)
        },
    },
    Way {
        name: "wait for all",
        wait: |pool, all_wait| {
            let futures = submit(pool);
            all_wait();
            taken(wait(futures, None, ReturnWhen::AllCompleted).done)
        },
    },
    Way {
        name: "wait for the first",
        wait: |pool, all_wait| {
            let mut left = submit(pool);
            all_wait();
            let mut seen = Vec::new();
            while !left.is_empty() {
                let waited = wait(left, None, ReturnWhen::FirstCompleted);
                assert!(!waited.done.is_empty());
                seen.extend(taken(waited.done));
                left = waited.not_done;
            }
            seen
        },
    },
    Way {
        name: "wait for a failure",
        wait: |pool, all_wait| {
            let futures = submit(pool);
            let failing = pool.submit(|| panic!("so that there is one"));
            all_wait();
            let waited = wait([failing], None, ReturnWhen::FirstFailure);
            assert_eq!(waited.done.len(), 1);
            // None of these fails, so it is a wait for all of them.
            taken(wait(futures, None, ReturnWhen::FirstFailure).done)
        },
    },
    Way {
        name: "as_completed",
        wait: |pool, all_wait| {
            let futures = submit(pool);
            all_wait();
            taken(as_completed(futures))
        },
    },
    Way {
        name: "as_completed with more to come",
        wait: |pool, all_wait| {
            let mut more = submit(pool);
            let mut left = as_completed(more.pop());
            all_wait();
            let mut seen = Vec::new();
            while let Some(future) = left.next() {
                seen.push(future.result().expect("a number"));
                more.pop().into_iter().for_each(|future| left.push(future));
            }
            seen
        },
    },
    Way {
        name: "map",
        wait: |pool, all_wait| {
            all_wait();
            pool.map(|n| move || n, 0..TASKS).map(|result| result.expect("a number")).collect()
        },
    },
    Way {
        name: "map without order",
        wait: |pool, all_wait| {
            all_wait();
            pool.map(|n| move || n, 0..TASKS).unordered().map(|result| result.expect("a number")).collect()
        },
    },
    Way {
        name: "map in chunks",
        wait: |pool, all_wait| {
            all_wait();
            pool.map(|n| move || n, 0..TASKS).chunk_size(3).map(|result| result.expect("a number")).collect()
        },
    },
    Way {
        name: "map through a small buffer",
        wait: |pool, all_wait| {
            all_wait();
            let map = pool.map(|n| move || n, 0..TASKS).buffer_size(1).unordered();
            map.map(|result| result.expect("a number")).collect()
        },
    },
    Way {
        name: "the end of a scope",
        wait: |pool, all_wait| {
            let seen = Mutex::new(Vec::new());
            pool.scope(|scope| {
                for n in 0..TASKS {
                    let seen = &seen;
                    scope.submit(move || seen.lock().expect("nobody panics").push(n));
                }
                all_wait();
            });
            seen.into_inner().expect("nobody panics")
        },
    },
];

fn submit(pool: &ThreadPoolExecutor) -> Vec<TaskFuture<usize>> {
    (0..TASKS).map(|n| pool.submit(move || n)).collect()
}

fn taken(futures: impl IntoIterator<Item = TaskFuture<usize>>) -> Vec<usize> {
    futures.into_iter().map(|mut future| future.try_result().expect("it is done").expect("a number")).collect()
}

#[test]
fn threads_that_all_wait_for_their_own_pool_get_on_in_every_way() -> Outcome {
    limited(|| {
        for (workers, way) in [1, 3].into_iter().flat_map(|workers| WAYS.iter().map(move |way| (workers, way))) {
            let pool = ThreadPoolExecutor::new(workers)?;
            let full = Arc::new(Barrier::new(workers));
            let waiters: Vec<_> = (0..workers)
                .map(|_| {
                    let (inner, full) = (pool.clone(), Arc::clone(&full));
                    // Nobody is left to run anything once all of them are there.
                    let all_wait = move || {
                        full.wait();
                    };
                    pool.submit(move || (way.wait)(&inner, &all_wait))
                })
                .collect();
            for waiter in waiters {
                let mut seen = waiter.result()?;
                seen.sort_unstable();
                assert_eq!(seen, (0..TASKS).collect::<Vec<_>>(), "{}, {workers} workers", way.name);
            }
        }
        Ok(())
    })
}

#[test]
fn a_waiter_never_runs_what_it_does_not_wait_for() -> Outcome {
    limited(|| {
        for way in &WAYS {
            let pool = ThreadPoolExecutor::new(1)?;
            let lock = Arc::new(Mutex::new(()));
            let (inner, held) = (pool.clone(), Arc::clone(&lock));
            let submitted = Arc::new(Barrier::new(2));
            let may_wait = Arc::clone(&submitted);
            let waiter = pool.submit(move || {
                may_wait.wait();
                let guard = held.lock().expect("nobody panics");
                let seen = (way.wait)(&inner, &|| ()).len();
                drop(guard);
                seen
            });
            // They stand in the queue before what the waiter submits.
            let unrelated = [(); 3].map(|()| {
                let lock = Arc::clone(&lock);
                pool.submit(move || lock.try_lock().is_ok())
            });
            submitted.wait();
            assert_eq!(waiter.result()?, TASKS, "{}", way.name);
            for future in unrelated {
                assert!(future.result()?, "{}: it was run while its waiter held the lock", way.name);
            }
        }
        Ok(())
    })
}

#[test]
fn a_wait_with_a_limit_runs_nothing() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(1)?;
        let inner = pool.clone();
        let limit = Duration::from_millis(1);
        let outer = pool.submit(move || {
            let mut future = inner.submit(|| 7);
            future.result_timeout(limit).expect_err("there is nobody to run it");
            future.error_timeout(limit).expect_err("there is nobody to run it");
            assert!(wait([&future], Some(limit), ReturnWhen::AllCompleted).done.is_empty());
            assert!(as_completed([&future]).timeout(limit).next().expect("an item").is_err());
            assert!(inner.map(|n| move || n, 0..3).timeout(limit).next().expect("an item").is_err());
            assert_eq!(future.state(), State::Pending);
            future.result()
        });
        assert_eq!(outer.result()??, 7);
        Ok(())
    })
}

#[test]
fn a_task_that_many_wait_for_runs_once() -> Outcome {
    limited(|| {
        for round in 0..50 {
            let workers = 1 + round % 3;
            let pool = ThreadPoolExecutor::new(workers)?;
            let runs: Arc<[AtomicUsize; 50]> = Arc::new([const { AtomicUsize::new(0) }; 50]);
            let futures = Arc::new(OnceLock::<Vec<TaskFuture<usize>>>::new());
            let full = Arc::new(Barrier::new(workers + 1));
            let waiters: Vec<_> = (0..workers)
                .map(|_| {
                    let (futures, full) = (Arc::clone(&futures), Arc::clone(&full));
                    pool.submit(move || {
                        full.wait();
                        // They all offer to run the same tasks, and the first to be done takes what is queued.
                        wait(futures.wait(), None, ReturnWhen::AllCompleted).done.len()
                    })
                })
                .collect();
            futures.get_or_init(|| {
                let count = |n: usize| {
                    let runs = Arc::clone(&runs);
                    pool.submit(move || runs[n].fetch_add(1, Ordering::SeqCst))
                };
                (0..runs.len()).map(count).collect()
            });
            full.wait();
            for waiter in waiters {
                assert_eq!(waiter.result()?, runs.len());
            }
            assert!(runs.iter().all(|runs| runs.load(Ordering::SeqCst) == 1), "{runs:?}");
        }
        Ok(())
    })
}

#[test]
fn a_chain_of_two_hundred_tasks_needs_one_thread() -> Outcome {
    fn chain(pool: &ThreadPoolExecutor, links: u32) -> u32 {
        if links == 0 {
            return 0;
        }
        let below = pool.clone();
        pool.submit(move || chain(&below, links - 1)).result().expect("a number") + 1
    }
    limited(|| {
        for workers in [1, 2] {
            let pool = ThreadPoolExecutor::new(workers)?;
            let top = pool.clone();
            assert_eq!(pool.submit(move || chain(&top, 200)).result()?, 200);
        }
        Ok(())
    })
}

#[test]
fn what_a_helped_task_ends_with_comes_to_its_waiter_only() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(1)?;
        let inner = pool.clone();
        let outer = pool.submit(move || {
            let failing = inner.submit(|| -> u32 { panic!("in the helped one") });
            let (cancelled, fine) = (inner.submit(|| 1), inner.submit(|| 2));
            assert!(cancelled.cancel());
            (failing.result(), cancelled.result(), fine.result())
        });
        let ends = outer.result()?;
        assert!(matches!(ends, (Err(TaskError::Panicked(_)), Err(TaskError::Cancelled), Ok(2))), "{ends:?}");
        assert_eq!(pool.submit(|| 3).result()?, 3);
        Ok(())
    })
}

/// A Fibonacci number: each task waits for two others of its pool, which has one thread.
#[pool_task(process)]
fn fibonacci_on_one_thread(n: u32) -> u32 {
    fn fibonacci(pool: &ThreadPoolExecutor, n: u32) -> u32 {
        if n < 2 {
            return n;
        }
        let futures = [n - 1, n - 2].map(|n| {
            let below = pool.clone();
            pool.submit(move || fibonacci(&below, n))
        });
        futures.map(|future| future.result().expect("a number")).into_iter().sum()
    }
    let pool = ThreadPoolExecutor::new(1).expect("a pool");
    let top = pool.clone();
    pool.submit(move || fibonacci(&top, n)).result().expect("a number")
}

#[test]
fn tasks_in_processes_may_fill_thread_pools_of_their_own() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(2)?;
        let numbers = pool.map(fibonacci_on_one_thread::task, 0..12).collect::<Result<Vec<_>, _>>()?;
        assert_eq!(numbers, [0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89]);
        Ok(())
    })
}

#[test]
fn tasks_on_threads_may_wait_for_processes_and_share_them() -> Outcome {
    limited(|| {
        let threads = ThreadPoolExecutor::new(3)?;
        let processes = ProcessPoolExecutor::new(1)?;
        let jobs = |n| {
            let processes = processes.clone();
            move || {
                let own = ProcessPoolExecutor::new(1).expect("a pool");
                let [shared, own] = [&processes, &own].map(|pool| pool.submit(square::task(n)));
                (shared.result(), own.result())
            }
        };
        for (n, result) in (0..6).zip(threads.map(jobs, 0..6)) {
            let (shared, own) = result?;
            assert_eq!((shared?, own?), (n * n, n * n));
        }
        Ok(())
    })
}

/// Goes down through threads and processes in turn; how many processes it was, or how many there may be.
#[pool_task(process)]
fn alternate(processes: u32) -> Result<u32, u32> {
    let threads = ThreadPoolExecutor::new(1).expect("a pool");
    let inner = threads.clone();
    let outer = threads.submit(move || {
        if processes == 0 {
            return Ok(0);
        }
        let pool = match ProcessPoolExecutor::new(1) {
            Err(PoolError::TooDeep { limit }) => return Err(limit),
            pool => pool.expect("a pool"),
        };
        // The only thread of its pool waits for one of its tasks, and that for a process.
        let below = inner.submit(move || pool.submit(alternate::task(processes - 1)).result());
        below.result().and_then(|below| below).expect("no failure but one of depth").map(|below| below + 1)
    });
    outer.result().expect("no failure but one of depth")
}

#[test]
fn threads_and_processes_may_be_nested_down_to_the_limit() -> Outcome {
    limited(|| {
        assert_eq!(alternate(4), Ok(4));
        // The error of the innermost pool is a value by then, and comes up through all of them.
        assert_eq!(alternate(11), Err(10));
        Ok(())
    })
}
