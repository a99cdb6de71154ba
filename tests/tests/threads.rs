//! What only threads have: closures, borrowing, names, and waits of a pool's own threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use executor_runtime::prelude::*;
use executor_tests::tasks::*;
use executor_tests::watchdog::limited;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Set when it is dropped.
struct Flag(Arc<AtomicUsize>);

impl Drop for Flag {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn this_name() -> String {
    thread::current().name().unwrap_or_default().to_owned()
}

#[test]
fn closures_and_calls_go_through_one_submit() -> Outcome {
    let pool = ThreadPoolExecutor::new(2)?;
    assert_eq!(pool.submit(|| 6 * 7).result()?, 42);
    assert_eq!(pool.submit(square::task(3)).result()?, 9);
    let text = String::from("a rose");
    assert_eq!(pool.submit(count::task(&text, "rose")).result()?, 1, "what borrows is encoded");
    let doubled: Vec<i32> = pool.map(|n| move || n * 2, 0..4).collect::<Result<_, _>>()?;
    assert_eq!(doubled, [0, 2, 4, 6]);
    Ok(())
}

/// An `Executor` for `&E`, `Box<E>` or `Arc<E>` would hide the pool's own `submit`, and this would not compile.
#[test]
fn closures_go_through_references_boxes_and_arcs_of_a_pool() -> Outcome {
    let pool = ThreadPoolExecutor::new(1)?;
    let by_reference = &&pool;
    assert_eq!(by_reference.submit(|| 1).result()?, 1);
    let boxed = Box::new(pool.clone());
    assert_eq!(boxed.submit(|| 2).result()?, 2);
    let shared = Arc::new(pool);
    assert_eq!(shared.map(|n| move || n, [3]).next().expect("an item")?, 3);
    Ok(())
}

#[test]
fn a_call_that_borrows_nothing_is_not_encoded() -> Outcome {
    let pool = ThreadPoolExecutor::new(1)?;
    pool.submit(take_unwritable::task(Unwritable)).result()?;
    pool.submit(give_unreadable::task()).result()?;
    Ok(())
}

#[test]
fn threads_are_called_after_their_prefix_and_number() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(3).thread_name_prefix("io").build()?;
        let together = Arc::new(Barrier::new(3));
        let futures: Vec<_> = (0..3)
            .map(|_| {
                let together = Arc::clone(&together);
                pool.submit(move || {
                    together.wait();
                    this_name()
                })
            })
            .collect();
        let mut names = futures.into_iter().map(TaskFuture::result).collect::<Result<Vec<_>, _>>()?;
        names.sort();
        assert_eq!(names, ["io_0", "io_1", "io_2"]);
        let unnamed = ThreadPoolExecutor::new(1)?.submit(this_name).result()?;
        let number = unnamed.strip_prefix("ThreadPoolExecutor-").and_then(|rest| rest.strip_suffix("_0"));
        assert!(number.is_some_and(|number| number.parse::<usize>().is_ok()), "{unnamed}");
        Ok(())
    })
}

#[test]
fn a_prefix_that_no_thread_can_have_is_refused() {
    let refused = ThreadPoolExecutor::builder().thread_name_prefix("a\0b").build();
    assert!(matches!(refused, Err(PoolError::BadThreadName { prefix }) if prefix == "a\0b"));
}

#[test]
fn threads_start_one_by_one_and_are_used_again() -> Outcome {
    let pool = ThreadPoolExecutor::new(8)?;
    let mut names = (0..50).map(|_| pool.submit(this_name).result()).collect::<Result<Vec<_>, _>>()?;
    names.dedup();
    assert_eq!(names.len(), 1, "calls in a row use one thread");
    Ok(())
}

#[test]
fn a_full_pool_has_exactly_its_threads() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(3)?;
        let (go, gate) = mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let futures: Vec<_> = (0..45)
            .map(|_| {
                let gate = Arc::clone(&gate);
                pool.submit(move || {
                    // Closed by the test: an error for everybody at once.
                    let _ = gate.lock().unwrap().recv();
                    this_name()
                })
            })
            .collect();
        drop(go);
        let mut names = futures.into_iter().map(TaskFuture::result).collect::<Result<Vec<_>, _>>()?;
        names.sort();
        names.dedup();
        assert!(names.len() <= 3, "{names:?}");
        Ok(())
    })
}

#[test]
fn a_task_that_waits_for_a_task_of_its_own_full_pool_runs_it() -> Outcome {
    fn fib(pool: &ThreadPoolExecutor, n: u64) -> u64 {
        if n < 2 {
            return n;
        }
        let [left, right] = [n - 1, n - 2].map(|n| {
            let below = pool.clone();
            pool.submit(move || fib(&below, n))
        });
        left.result().unwrap() + right.result().unwrap()
    }
    limited(|| {
        for workers in [1, 2] {
            let pool = ThreadPoolExecutor::new(workers)?;
            let top = pool.clone();
            assert_eq!(pool.submit(move || fib(&top, 12)).result()?, 144);
        }
        Ok(())
    })
}

#[test]
fn every_way_of_waiting_helps_a_full_pool() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(1)?;
        let inner = pool.clone();
        let outer = pool.submit(move || {
            let futures: Vec<_> = (0..3).map(|n| inner.submit(move || n)).collect();
            let waited = wait(futures, None, ReturnWhen::AllCompleted).done.len();
            let completed = as_completed((0..3).map(|n| inner.submit(move || n))).count();
            let mapped = inner.map(|n| move || n, 0..3).flatten().count();
            let total = AtomicUsize::new(0);
            inner.scope(|scope| {
                for _ in 0..3 {
                    scope.submit(|| total.fetch_add(1, Ordering::SeqCst));
                }
            });
            [waited, completed, mapped, total.into_inner()]
        });
        assert_eq!(outer.result()?, [3; 4]);
        Ok(())
    })
}

#[test]
fn a_wait_helps_only_with_what_it_waits_for() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(1)?;
        let lock = Arc::new(Mutex::new(0));
        let (inner, held) = (pool.clone(), Arc::clone(&lock));
        let (go, gate) = mpsc::channel::<()>();
        let outer = pool.submit(move || {
            gate.recv().unwrap();
            let guard = held.lock().unwrap();
            // An unrelated queued task wants the lock that is held here.
            let value = inner.submit(|| 5).result().unwrap();
            drop(guard);
            value
        });
        let others: Vec<_> = (0..3)
            .map(|_| {
                let lock = Arc::clone(&lock);
                pool.submit(move || *lock.lock().unwrap() += 1)
            })
            .collect();
        go.send(())?;
        assert_eq!(outer.result()?, 5);
        for other in others {
            other.result()?;
        }
        assert_eq!(*lock.lock().unwrap(), 3);
        Ok(())
    })
}

#[test]
fn a_scope_lends_what_outlives_it() -> Outcome {
    let pool = ThreadPoolExecutor::new(2)?;
    let table = [1, 2, 3];
    let mut total = 0;
    let (longest, sum) = pool.scope(|scope| {
        scope.submit(|| total = table.iter().sum());
        let longest: TaskFuture<&i32> = scope.submit(|| table.iter().max().expect("three of them"));
        let sums: Vec<i32> = scope.map(|n| move || n * 10, table.iter().copied()).map(Result::unwrap).collect();
        (longest, sums.iter().sum::<i32>())
    });
    assert_eq!((total, sum), (6, 60));
    assert!(longest.is_done(), "a future that leaves its scope is done");
    assert_eq!(longest.result()?, &3);
    Ok(())
}

#[test]
fn tasks_of_a_scope_can_submit_to_it() -> Outcome {
    limited(|| {
        for workers in [1, 3] {
            let pool = ThreadPoolExecutor::new(workers)?;
            let total = AtomicUsize::new(0);
            pool.scope(|scope| {
                for _ in 0..10 {
                    scope.submit(|| {
                        scope.submit(|| total.fetch_add(1, Ordering::SeqCst));
                    });
                }
            });
            assert_eq!(total.into_inner(), 10);
        }
        Ok(())
    })
}

#[test]
fn a_scope_that_panics_cancels_what_has_not_started() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(1)?;
        let ran = AtomicUsize::new(0);
        let (go, gate) = mpsc::channel::<()>();
        let gate = Mutex::new(gate);
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            pool.scope(|scope| {
                let (started, has_started) = mpsc::channel();
                let gate = &gate;
                scope.submit(move || {
                    started.send(()).unwrap();
                    let _ = gate.lock().unwrap().recv();
                });
                for _ in 0..10 {
                    scope.submit(|| ran.fetch_add(1, Ordering::SeqCst));
                }
                // The last one to be cancelled lets the first task go.
                scope.submit(|| ran.fetch_add(1, Ordering::SeqCst)).on_done(move |_| drop(go));
                has_started.recv().unwrap();
                panic!("in the scope");
            });
        }));
        assert_eq!(*panic.expect_err("a panic").downcast::<&str>().expect("its text"), "in the scope");
        assert_eq!(ran.into_inner(), 0);
        Ok(())
    })
}

#[test]
fn what_a_closure_owned_is_dropped_before_its_result_can_be_seen() -> Outcome {
    let pool = ThreadPoolExecutor::new(1)?;
    for _ in 0..100 {
        let drops = Arc::new(AtomicUsize::new(0));
        let owned = Flag(Arc::clone(&drops));
        pool.submit(move || {
            let _owned = &owned;
        })
        .result()?;
        assert_eq!(drops.load(Ordering::SeqCst), 1);
    }
    Ok(())
}

#[test]
fn a_cancelled_closure_is_dropped_at_once() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(1)?;
        let (go, gate) = mpsc::channel::<()>();
        let busy = pool.submit(move || gate.recv().is_err());
        let drops = Arc::new(AtomicUsize::new(0));
        let owned = Flag(Arc::clone(&drops));
        let queued = pool.submit(move || drop(owned));
        assert!(queued.cancel());
        assert_eq!(drops.load(Ordering::SeqCst), 1, "while the worker is still busy");
        drop(go);
        assert!(busy.result()?);
        Ok(())
    })
}

#[test]
fn a_panic_names_its_thread() -> Outcome {
    let pool = ThreadPoolExecutor::builder().max_workers(1).thread_name_prefix("io").build()?;
    let error = pool.submit(|| -> () { std::panic::panic_any(7) }).result().expect_err("a panic");
    let TaskError::Panicked(report) = &error else { panic!("{error:?}") };
    assert!(report.worker.contains("`io_0`"), "{report:?}");
    assert_eq!(report.message, "a value that is no text");
    Ok(())
}

#[test]
fn a_panicking_destructor_costs_no_thread() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(1)?;
        let (go, gate) = mpsc::channel::<()>();
        // Nobody can take the value any more when it comes, so the pool's thread drops it.
        drop(pool.submit(move || {
            let _ = gate.recv();
            Bomb
        }));
        drop(go);
        assert_eq!(pool.submit(|| 5).result()?, 5);
        Ok(())
    })
}

#[test]
fn the_last_handle_may_be_dropped_by_the_pool_itself() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(2)?;
        let (send, receive) = mpsc::channel();
        let last = pool.clone();
        let (go, gate) = mpsc::channel::<()>();
        pool.submit(move || {
            let _ = gate.recv();
            let done = send.clone();
            last.submit(move || done.send("a task that was queued").unwrap());
            drop(last);
            send.send("the drop returned").unwrap();
        });
        drop(pool);
        drop(go);
        let mut said = [receive.recv()?, receive.recv()?];
        said.sort_unstable();
        assert_eq!(said, ["a task that was queued", "the drop returned"]);
        Ok(())
    })
}

#[test]
fn a_value_that_comes_after_the_time_limit_is_dropped() -> Outcome {
    limited(|| {
        /// Waits for the test, and gives a value that says when it is dropped.
        #[pool_task(thread)]
        #[expect(clippy::needless_pass_by_value, reason = "a task's own")]
        fn slow(gate: mpsc::Receiver<()>, drops: Arc<AtomicUsize>) -> Flag {
            let _ = gate.recv();
            Flag(drops)
        }
        let pool = ThreadPoolExecutor::new(1)?;
        let drops = Arc::new(AtomicUsize::new(0));
        let (go, gate) = mpsc::channel();
        let future = pool.submit(slow::task(gate, Arc::clone(&drops)).timeout(Duration::from_millis(5)));
        assert!(matches!(future.result(), Err(TaskError::TimedOut { .. })));
        drop(go);
        drop(pool);
        assert_eq!(drops.load(Ordering::SeqCst), 1);
        Ok(())
    })
}

#[test]
fn a_hundred_thousand_closures_give_their_values() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(4)?;
        let futures: Vec<_> = (0..100_000).map(|n| pool.submit(move || n)).collect();
        for (n, future) in (0..).zip(futures) {
            assert_eq!(future.result()?, n);
        }
        Ok(())
    })
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("in a destructor");
    }
}

#[test]
fn a_destructor_that_panics_while_a_scope_ends_does_not_end_it_early() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(1)?;
        let (start, has_started) = mpsc::channel();
        let (go, gate) = mpsc::channel::<()>();
        let ran = AtomicUsize::new(0);
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let local = [1, 2, 3];
            pool.scope(|scope| {
                let (local, ran) = (&local, &ran);
                scope.submit(move || {
                    start.send(()).unwrap();
                    let _ = gate.recv();
                    ran.fetch_add(local.len(), Ordering::SeqCst);
                });
                let bomb = Bomb;
                scope.submit(move || drop(bomb));
                scope.submit(|| ()).on_done(move |_| drop(go));
                has_started.recv().unwrap();
                panic!("in the scope");
            });
        }));
        assert_eq!(*panic.expect_err("a panic").downcast::<&str>().expect("its text"), "in the scope");
        assert_eq!(ran.into_inner(), 3, "the scope has waited for the first job");
        Ok(())
    })
}

#[test]
fn a_destructor_that_panics_while_a_worker_helps_does_not_end_its_scope() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(1)?;
        let inner = pool.clone();
        let ran = pool.submit(move || {
            let ran = AtomicUsize::new(0);
            inner.scope(|scope| {
                drop(scope.submit(|| Bomb));
                for _ in 0..5 {
                    scope.submit(|| ran.fetch_add(1, Ordering::SeqCst));
                }
            });
            ran.into_inner()
        });
        assert_eq!(ran.result()?, 5);
        Ok(())
    })
}

#[test]
fn a_destructor_may_wait_for_a_job_of_its_pool() -> Outcome {
    /// Waits for one more job when it is dropped.
    struct Waits(Option<ThreadPoolExecutor>, mpsc::Sender<u32>);
    impl Drop for Waits {
        fn drop(&mut self) {
            if let Some(pool) = self.0.take() {
                // Not in the pool's own thread, so nobody helps.
                let value = thread::spawn(move || pool.submit(|| 5).result().unwrap()).join().unwrap();
                self.1.send(value).unwrap();
            }
        }
    }
    limited(|| {
        let pool = ThreadPoolExecutor::new(4)?;
        let (send, receive) = mpsc::channel();
        let (go, gate) = mpsc::channel::<()>();
        let last = pool.clone();
        drop(pool.submit(move || {
            let _ = gate.recv();
            Waits(Some(last), send)
        }));
        drop(go);
        assert_eq!(receive.recv()?, 5);
        Ok(())
    })
}

#[test]
fn a_job_submitted_while_a_thread_panics_can_panic_as_well() -> Outcome {
    /// Submits when it is dropped.
    struct Submits<'p>(&'p ThreadPoolExecutor, mpsc::Sender<bool>);
    impl Drop for Submits<'_> {
        fn drop(&mut self) {
            let panicked = self.0.submit(|| -> () { panic!("in the job") }).result().is_err();
            self.1.send(panicked).unwrap();
        }
    }
    limited(|| {
        let pool = ThreadPoolExecutor::new(1)?;
        let (send, receive) = mpsc::channel();
        let outer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _submits = Submits(&pool, send);
            panic!("outside");
        }));
        assert!(outer.is_err() && receive.recv()?);
        assert_eq!(pool.submit(|| 5).result()?, 5);
        Ok(())
    })
}
