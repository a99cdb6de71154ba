//! What a pool can be told when it is built, and what a call and a map can be told.

use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use executor_runtime::prelude::*;
use executor_runtime::{PoolFull, ProcessJob, Transport};
use executor_tests::gate::{self, Gate};
use executor_tests::tasks::*;
use executor_tests::watchdog::limited;

type Outcome = Result<(), Box<dyn Error>>;

/// A thread that stands still until it is let go, and the end of which one can wait for.
struct Blocked {
    go: Sender<()>,
    future: TaskFuture<()>,
}

impl Blocked {
    /// Returns when a thread of the pool stands still.
    fn on(pool: &ThreadPoolExecutor) -> Self {
        let (go, wait): (_, Receiver<()>) = channel();
        let (started, is_running) = channel();
        let future = pool.submit(move || {
            started.send(()).expect("the test waits");
            let _ = wait.recv();
        });
        is_running.recv().expect("it started");
        Self { go, future }
    }

    fn release(self) -> Result<(), TaskError> {
        drop(self.go);
        self.future.result()
    }
}

/// Submits calls of these priorities while the only worker is busy; returns them in the order of their starts.
fn order_of(pool: &dyn Executor, priorities: &[i32]) -> Result<Vec<i32>, Box<dyn Error>> {
    /// Adds a line to a file.
    #[pool_task(process)]
    fn note(priority: i32, file: &Path) {
        let mut file = OpenOptions::new().append(true).create(true).open(file).expect("a file");
        writeln!(file, "{priority}").expect("a line");
    }
    let folder = tempfile::tempdir()?;
    let (gate, file) = (Gate::new(folder.path(), "gate"), folder.path().join("order"));
    let first = pool.submit(gate::pass::task(gate.path()));
    let waiting = gate.await_task();
    let futures: Vec<_> =
        priorities.iter().map(|&priority| pool.submit(note::task(priority, &file).priority(priority))).collect();
    waiting.open();
    first.result()?;
    futures.into_iter().try_for_each(TaskFuture::result)?;
    Ok(std::fs::read_to_string(file)?.lines().map(str::parse).collect::<Result<_, _>>()?)
}

#[test]
fn the_highest_priority_starts_first_and_within_one_the_oldest() -> Outcome {
    limited(|| {
        for pool in [
            Box::new(ThreadPoolExecutor::new(1)?) as Box<dyn Executor>,
            Box::new(ProcessPoolExecutor::new(1)?) as Box<dyn Executor>,
        ] {
            assert_eq!(order_of(&pool, &[0, -7, 3, 0, i32::MAX, 3])?, [i32::MAX, 3, 3, 0, 0, -7]);
        }
        Ok(())
    })
}

#[test]
fn a_full_pool_makes_the_submitter_wait_until_a_job_starts() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(1).max_pending(1).build()?;
        let blocked = Blocked::on(&pool);
        let waiting = pool.submit(|| 1);
        let PoolFull(job) = pool.try_submit(|| 2).expect_err("one waits already");
        let submitted = AtomicUsize::new(0);
        thread::scope(|scope| -> Outcome {
            let waiter = scope.spawn(|| {
                let future = pool.submit(job);
                submitted.store(1, Ordering::SeqCst);
                future.result()
            });
            // Nothing shows that it waits; that it has not gone on is all there is to see.
            thread::yield_now();
            assert_eq!(submitted.load(Ordering::SeqCst), 0);
            blocked.release()?;
            assert_eq!(waiting.result()?, 1);
            assert_eq!(waiter.join().expect("the submitter")?, 2);
            Ok(())
        })
    })
}

#[test]
fn a_cancelled_job_makes_room_at_once() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(1).max_pending(1).build()?;
        let blocked = Blocked::on(&pool);
        let waiting = pool.submit(|| 1);
        let submitter = thread::spawn({
            let pool = pool.clone();
            move || pool.submit(|| 2).result()
        });
        assert!(waiting.cancel());
        // It could only be queued by now, since the only thread is busy.
        while pool.try_submit(|| 3).is_ok_and(|future| future.cancel()) && !submitter.is_finished() {
            thread::yield_now();
        }
        blocked.release()?;
        assert_eq!(submitter.join().expect("the submitter")?, 2);
        Ok(())
    })
}

#[test]
fn a_shutdown_lets_go_of_a_waiting_submitter() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(1).max_pending(1).build()?;
        let blocked = Blocked::on(&pool);
        let waiting = pool.submit(|| 1);
        let submitter = thread::spawn({
            let pool = pool.clone();
            move || pool.submit(|| 2).result()
        });
        pool.shutdown_background();
        let late = submitter.join().expect("the submitter");
        assert!(matches!(late, Err(TaskError::PoolShutDown)), "{late:?}");
        blocked.release()?;
        assert_eq!(waiting.result()?, 1, "what was taken in runs");
        Ok(())
    })
}

#[test]
fn a_pools_own_threads_never_wait_for_room() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(1).max_pending(1).build()?;
        let inner = pool.clone();
        let sum = pool.submit(move || {
            let futures: Vec<_> = (0..10).map(|n| inner.submit(move || n)).collect();
            futures.into_iter().map(|future| future.result().expect("a number")).sum::<i32>()
        });
        assert_eq!(sum.result()?, 45);
        Ok(())
    })
}

/// Submits to its pool when it is dropped.
struct SubmitsWhenDropped(ThreadPoolExecutor);

impl Drop for SubmitsWhenDropped {
    fn drop(&mut self) {
        drop(self.0.submit(|| ()));
    }
}

#[test]
fn what_a_cancellation_calls_finds_the_place_of_the_cancelled_job_free() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(1).max_pending(1).build()?;
        let blocked = Blocked::on(&pool);
        let (queued, again) = (pool.submit(|| 1), pool.clone());
        queued.on_done(move |_| drop(again.submit(|| 2)));
        assert!(queued.cancel());
        blocked.release()?;
        pool.submit(|| ()).result()?;

        let blocked = Blocked::on(&pool);
        let submits = SubmitsWhenDropped(pool.clone());
        assert!(pool.submit(move || drop(submits)).cancel());
        blocked.release()?;

        let folder = tempfile::tempdir()?;
        let gate = Gate::new(folder.path(), "gate");
        let pool = ProcessPoolExecutor::builder().max_workers(1).max_pending(1).build()?;
        let running = pool.submit(gate::pass::task(gate.path()));
        let waiting = gate.await_task();
        let (queued, again) = (pool.submit(square::task(1)), pool.clone());
        queued.on_done(move |_| drop(again.submit(square::task(2))));
        assert!(queued.cancel());
        waiting.open();
        running.result()?;
        Ok(())
    })
}

#[test]
fn cancelled_jobs_start_no_threads_later() -> Outcome {
    limited(|| {
        thread_local!(static END: std::cell::RefCell<Option<Ended>> = const { std::cell::RefCell::new(None) });
        let (started, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (starts, ends) = (Arc::clone(&started), Arc::clone(&ended));
        let pool = ThreadPoolExecutor::builder()
            .max_workers(4)
            .idle_timeout(Duration::from_millis(1))
            .initializer(move || {
                starts.fetch_add(1, Ordering::SeqCst);
                END.set(Some(Ended(Arc::clone(&ends))));
            })
            .build()?;
        let blocked: Vec<_> = (0..4).map(|_| Blocked::on(&pool)).collect();
        for _ in 0..1_000 {
            assert!(pool.submit(|| ()).cancel());
        }
        for blocked in blocked {
            blocked.release()?;
        }
        while ended.load(Ordering::SeqCst) < started.load(Ordering::SeqCst) {
            thread::yield_now();
        }
        let before = started.load(Ordering::SeqCst);
        pool.submit(|| ()).result()?;
        pool.shutdown(Shutdown::Drain);
        assert_eq!(started.load(Ordering::SeqCst), before + 1);
        Ok(())
    })
}

#[test]
fn a_map_keeps_its_limit_also_where_there_is_no_room() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(1).max_pending(1).build()?;
        let blocked = Blocked::on(&pool);
        let queued = pool.submit(|| 1);
        let mut map = pool.map(|n| move || n, 0..5).timeout(Duration::from_millis(50));
        let error = map.next().expect("the end").expect_err("there is no room");
        assert_eq!(error.unfinished(), 1);
        assert!(map.next().is_none());
        blocked.release()?;
        assert_eq!(queued.result()?, 1);
        Ok(())
    })
}

#[test]
fn a_result_does_not_wait_for_room_for_the_next_calls() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(1).max_pending(1).build()?;
        let (go, wait): (_, Receiver<()>) = channel();
        let wait = Arc::new(Mutex::new(wait));
        let mut map = pool.map(
            |n| {
                let wait = Arc::clone(&wait);
                // All but the first one stand still.
                move || if n > 0 { wait.lock().unwrap().recv().is_err() } else { true }
            },
            0..10,
        );
        assert!(map.next().expect("the first")?);
        drop(go);
        assert_eq!(map.filter(|result| matches!(result, Ok(true))).count(), 9);
        Ok(())
    })
}

#[test]
fn a_full_process_pool_gives_the_call_back() -> Outcome {
    limited(|| {
        let folder = tempfile::tempdir()?;
        let gate = Gate::new(folder.path(), "gate");
        let pool = ProcessPoolExecutor::builder().max_workers(1).max_pending(1).build()?;
        let running = pool.submit(gate::pass::task(gate.path()));
        let waiting = gate.await_task();
        let queued = pool.submit(square::task(2));
        let PoolFull(call) = pool.try_submit(square::task(3)).expect_err("one waits already");
        assert!(queued.cancel());
        let future = pool.try_submit(call).expect("there is room again");
        waiting.open();
        running.result()?;
        assert_eq!(future.result()?, 9);
        Ok(())
    })
}

#[test]
fn a_map_goes_on_through_a_small_backlog() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(2).max_pending(1).build()?;
        let values: Vec<u64> = pool.map(square::task, 0..200).chunk_size(3).collect::<Result<_, _>>()?;
        assert_eq!(values, (0..200).map(square).collect::<Vec<_>>());
        Ok(())
    })
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let error = ThreadPoolExecutor::builder().max_pending(0).build().expect_err("zero");
    assert_eq!(error.to_string(), "max_pending must be greater than 0");
    let error = ProcessPoolExecutor::builder().max_pending(0).build().expect_err("zero");
    assert_eq!(error.to_string(), "max_pending must be greater than 0");
    let error = ProcessPoolExecutor::builder().max_tasks_per_child(0).build().expect_err("zero");
    assert_eq!(error.to_string(), "max_tasks_per_child must be greater than 0");
}

#[test]
fn a_thread_initializer_runs_once_per_thread() -> Outcome {
    limited(|| {
        thread_local!(static READY: std::cell::Cell<u32> = const { std::cell::Cell::new(0) });
        let calls = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&calls);
        let pool = ThreadPoolExecutor::builder()
            .max_workers(3)
            .initializer(move || {
                counter.fetch_add(1, Ordering::SeqCst);
                READY.set(READY.get() + 1);
            })
            .build()?;
        let together = Arc::new(Barrier::new(3));
        let futures: Vec<_> = (0..9)
            .map(|_| {
                let together = Arc::clone(&together);
                pool.submit(move || {
                    together.wait();
                    READY.get()
                })
            })
            .collect();
        for future in futures {
            assert_eq!(future.result()?, 1);
        }
        assert_eq!(calls.load(Ordering::SeqCst), 3);
        Ok(())
    })
}

/// What the initializer of a broken pool failed with.
fn cause_of(error: &TaskError) -> &(dyn Error + Send + Sync + 'static) {
    match error {
        TaskError::PoolBroken { cause } => match &**cause {
            PoolError::InitializerFailed { cause } => &**cause,
            other => panic!("not the initializer: {other:?}"),
        },
        other => panic!("not broken: {other:?}"),
    }
}

#[derive(Debug)]
struct NoLicence;

impl std::fmt::Display for NoLicence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no licence")
    }
}

impl Error for NoLicence {}

#[test]
fn a_failing_thread_initializer_breaks_the_pool_and_keeps_the_cause() -> Outcome {
    limited(|| {
        let started = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&started);
        // The first thread is fine, the second one is not.
        let pool = ThreadPoolExecutor::builder()
            .max_workers(2)
            .initializer(move || if counter.fetch_add(1, Ordering::SeqCst) == 0 { Ok(()) } else { Err(NoLicence) })
            .build()?;
        let blocked = Blocked::on(&pool);
        let queued = pool.submit(|| 1).result().expect_err("the second thread cannot work");
        assert!(cause_of(&queued).is::<NoLicence>(), "{queued:?}");
        let late = pool.submit(|| 1).result().expect_err("the pool is broken");
        assert_eq!(late.to_string(), "the pool is broken: the initializer of a worker failed: no licence");
        blocked.release()?;
        pool.shutdown(Shutdown::Drain);
        let late = pool.submit(|| 1).result().expect_err("still broken");
        assert!(matches!(late, TaskError::PoolBroken { .. }), "broken is said rather than shut down: {late}");
        Ok(())
    })
}

/// It never is.
fn the_database_is_there() -> bool {
    false
}

#[test]
fn a_panicking_thread_initializer_breaks_the_pool() -> Outcome {
    limited(|| {
        let pool =
            ThreadPoolExecutor::builder().initializer(|| assert!(the_database_is_there(), "no database")).build()?;
        let error = pool.submit(|| 1).result().expect_err("the initializer panics");
        assert!(error.to_string().ends_with("no database"), "{error}");
        Ok(())
    })
}

#[test]
fn a_process_initializer_runs_once_per_worker() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::builder()
            .max_workers(2)
            .initializer(initialize::task("ready".to_owned()))
            .max_tasks_per_child(3)
            .build()?;
        for result in pool.map(|_| initialized::task(), 0..20) {
            assert_eq!(result?, ["ready"]);
        }
        Ok(())
    })
}

#[test]
fn a_failing_process_initializer_breaks_the_pool_and_keeps_the_cause() -> Outcome {
    limited(|| {
        let failing = |call| ProcessPoolExecutor::builder().max_workers(2).initializer(call).build();
        let pool = failing(initialize_or_fail::task(FailHow::Return))?;
        let error = pool.submit(square::task(3)).result().expect_err("the initializer fails");
        assert_eq!(error.to_string(), "the pool is broken: the initializer of a worker failed: no licence");
        assert!(pool.wait_ready().is_err());
        for (how, words) in [(FailHow::Panic, "no database"), (FailHow::Exit, "exited with code 7")] {
            let pool = failing(initialize_or_fail::task(how))?;
            let futures: Vec<_> = (0..5).map(|n| pool.submit(square::task(n))).collect();
            for future in futures {
                let error = future.result().expect_err("the initializer fails");
                assert!(cause_of(&error).is::<TaskError>(), "{error:?}");
                assert!(error.to_string().contains(words), "{error}");
            }
            let late = pool.submit(square::task(1)).result().expect_err("the pool is broken");
            assert!(matches!(late, TaskError::PoolBroken { .. }), "{late}");
        }
        Ok(())
    })
}

#[test]
fn an_initializer_that_takes_too_long_is_ended_by_its_own_limit() -> Outcome {
    limited(|| {
        let call = spin_and_return_nothing::task().timeout(Duration::from_millis(50));
        let pool = ProcessPoolExecutor::builder().max_workers(1).initializer(call).prewarm(1).build()?;
        let error = pool.wait_ready().expect_err("it never ends by itself");
        assert!(error.to_string().contains("ran longer than its limit"), "{error}");
        Ok(())
    })
}

#[test]
fn an_initializer_whose_arguments_cannot_be_sent_is_refused_at_once() {
    let builder = ProcessPoolExecutor::builder().initializer(take_unwritable::task(Unwritable));
    let error = builder.build().expect_err("the arguments cannot be encoded");
    let PoolError::InitializerFailed { cause } = &error else { panic!("{error:?}") };
    assert!(matches!(cause.downcast_ref(), Some(TaskError::Encode(_))), "{error:?}");
}

#[test]
fn an_initializer_that_fails_in_a_later_worker_breaks_the_pool() -> Outcome {
    limited(|| {
        let folder = tempfile::tempdir()?;
        let mark = folder.path().join("mark");
        let pool = ProcessPoolExecutor::builder()
            .max_workers(1)
            .initializer(initialize_once::task(mark))
            .max_tasks_per_child(1)
            .build()?;
        assert_eq!(pool.submit(square::task(3)).result()?, 9);
        for _ in 0..2 {
            let error = pool.submit(square::task(3)).result().expect_err("the second worker cannot work");
            assert_eq!(
                error.to_string(),
                "the pool is broken: the initializer of a worker failed: there was one before"
            );
        }
        Ok(())
    })
}

#[test]
fn an_initializer_that_fails_in_the_middle_of_a_chunk_breaks_the_pool() -> Outcome {
    limited(|| {
        let folder = tempfile::tempdir()?;
        let mark = folder.path().join("mark");
        let pool = ProcessPoolExecutor::builder().max_workers(1).initializer(initialize_once::task(mark)).build()?;
        let results: Vec<_> = pool.map(|n| abort_on::task(n, 1), 0..4).chunk_size(4).collect();
        assert_eq!(results[0].as_ref().ok(), Some(&0));
        assert!(matches!(results[1], Err(TaskError::WorkerDied(_))), "{:?}", results[1]);
        assert!(matches!(results[2..], [Err(TaskError::PoolBroken { .. }), Err(TaskError::PoolBroken { .. })]));
        assert!(matches!(pool.submit(square::task(3)).result(), Err(TaskError::PoolBroken { .. })));
        Ok(())
    })
}

#[test]
fn the_pools_limit_holds_for_its_initializer() -> Outcome {
    limited(|| {
        let builder = ProcessPoolExecutor::builder().max_workers(1).timeout(Duration::from_millis(50));
        let pool = builder.initializer(spin_and_return_nothing::task()).build()?;
        let error = pool.submit(square::task(3)).result().expect_err("the initializer never ends by itself");
        assert!(error.to_string().contains("ran longer than its limit"), "{error}");
        Ok(())
    })
}

#[test]
fn a_stack_is_as_large_as_was_asked_for() -> Outcome {
    fn depth(n: u64) -> u64 {
        let frame = std::hint::black_box([n; 1024]);
        if n == 0 { 0 } else { depth(n - 1) + frame[0] / n }
    }
    limited(|| {
        // 8 KiB and more each: far beyond std's 2 MiB.
        let pool = ThreadPoolExecutor::builder().max_workers(1).stack_size(64 << 20).build()?;
        assert_eq!(pool.submit(|| depth(2_000)).result()?, 2_000);
        Ok(())
    })
}

#[test]
fn prewarmed_workers_can_be_waited_for() -> Outcome {
    limited(|| {
        let folder = tempfile::tempdir()?;
        let call = leave_mark::task(folder.path().to_owned());
        let pool = ProcessPoolExecutor::builder().max_workers(2).prewarm(2).initializer(call).build()?;
        pool.wait_ready()?;
        assert_eq!(std::fs::read_dir(folder.path())?.count(), 2);
        pool.shutdown(Shutdown::Drain);
        assert!(matches!(pool.wait_ready(), Err(TaskError::PoolShutDown)));
        ProcessPoolExecutor::new(1)?.wait_ready()?;
        Ok(())
    })
}

#[test]
fn a_worker_is_replaced_after_so_many_tasks() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::builder().max_workers(1).max_tasks_per_child(3).build()?;
        let pids: Vec<u32> = pool.map(|()| pid::task(), [(); 8]).collect::<Result<_, _>>()?;
        let workers: Vec<&[u32]> = pids.chunk_by(|a, b| a == b).collect();
        assert_eq!(workers.iter().map(|tasks| tasks.len()).collect::<Vec<_>>(), [3, 3, 2]);
        let pool = ProcessPoolExecutor::builder().max_workers(1).max_tasks_per_child(3).build()?;
        let chunked: Vec<u32> = pool.map(|()| pid::task(), [(); 8]).chunk_size(4).collect::<Result<_, _>>()?;
        assert!(chunked.chunks(4).all(|chunk| chunk.iter().all(|pid| *pid == chunk[0])), "{chunked:?}");
        assert_ne!(chunked[0], chunked[4]);
        Ok(())
    })
}

/// Counts when it is dropped.
struct Ended(Arc<AtomicUsize>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn idle_threads_end_and_later_jobs_start_new_ones() -> Outcome {
    limited(|| {
        let ended = Arc::new(AtomicUsize::new(0));
        thread_local!(static END: std::cell::RefCell<Option<Ended>> = const { std::cell::RefCell::new(None) });
        let counter = Arc::clone(&ended);
        let pool = ThreadPoolExecutor::builder()
            .max_workers(2)
            .idle_timeout(Duration::from_millis(1))
            .initializer(move || END.set(Some(Ended(Arc::clone(&counter)))))
            .build()?;
        for round in 1..=3 {
            let names: Vec<_> =
                pool.map(|()| || thread::current().name().map(str::to_owned), [(); 2]).collect::<Result<_, _>>()?;
            assert!(names.iter().flatten().count() == 2);
            while ended.load(Ordering::SeqCst) < round {
                thread::yield_now();
            }
        }
        Ok(())
    })
}

#[test]
fn no_job_is_lost_to_a_thread_that_is_about_to_end() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(2).idle_timeout(Duration::ZERO).build()?;
        for n in 0..2_000 {
            assert_eq!(pool.submit(move || n).result()?, n);
        }
        Ok(())
    })
}

#[test]
fn a_shutdown_in_the_background_waits_for_nobody() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(1)?;
        let blocked = Blocked::on(&pool);
        let queued = pool.submit(|| 5);
        pool.shutdown_background();
        assert!(matches!(pool.submit(|| 6).result(), Err(TaskError::PoolShutDown)));
        drop(pool);
        blocked.release()?;
        assert_eq!(queued.result()?, 5);

        let folder = tempfile::tempdir()?;
        let gate = Gate::new(folder.path(), "gate");
        let pool = ProcessPoolExecutor::new(1)?;
        let running = pool.submit(gate::pass::task(gate.path()));
        let queued = pool.submit(square::task(3));
        pool.shutdown_background();
        drop(pool);
        gate.await_task().open();
        running.result()?;
        assert_eq!(queued.result()?, 9);
        Ok(())
    })
}

/// Every executor, twice: with its own `map` and through the one interface.
fn executors() -> Result<Vec<Box<dyn Executor>>, PoolError> {
    Ok(vec![Box::new(ThreadPoolExecutor::new(2)?), Box::new(ProcessPoolExecutor::new(2)?)])
}

#[test]
fn a_chunk_gives_each_item_its_own_result() -> Outcome {
    limited(|| {
        for pool in executors()? {
            for chunk_size in [1, 3, 100] {
                let results: Vec<_> = pool.map(|n| panic_on::task(n, 4), 0..10).chunk_size(chunk_size).collect();
                for (n, result) in (0..).zip(&results) {
                    assert_eq!(result.as_ref().ok(), (n != 4).then_some(&n), "chunks of {chunk_size}");
                }
                assert_eq!(results.len(), 10);
            }
        }
        Ok(())
    })
}

#[test]
fn a_panic_in_a_chunk_says_where_the_map_was_called() -> Outcome {
    limited(|| {
        for pool in executors()? {
            let line = line!() + 1;
            let results: Vec<_> = pool.map(|n| panic_on::task(n, 1), 0..3).chunk_size(3).collect();
            let Err(TaskError::Panicked(report)) = &results[1] else { panic!("{:?}", results[1]) };
            assert_eq!(report.submitted_at.map(|at| (at.file(), at.line())), Some((file!(), line)));
        }
        Ok(())
    })
}

#[test]
fn a_worker_that_dies_in_a_chunk_costs_one_item() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(2)?;
        let results: Vec<_> = pool.map(|n| abort_on::task(n, n / 5 * 5 + 2), 0..20).chunk_size(5).collect();
        for (n, result) in (0..).zip(&results) {
            if n % 5 == 2 {
                assert!(matches!(result, Err(TaskError::WorkerDied(_))), "{n}: {result:?}");
            } else {
                assert_eq!(result.as_ref().ok(), Some(&n));
            }
        }
        Ok(())
    })
}

#[test]
fn what_was_answered_before_a_death_or_a_panic_in_a_chunk_is_not_lost() -> Outcome {
    limited(|| {
        for transport in [Transport::SharedMemory, Transport::IpcChannel] {
            let pool = ProcessPoolExecutor::builder().max_workers(2).transport(transport).build()?;
            let results: Vec<_> = pool.map(fill::task, 0..500).chunk_size(80).collect();
            assert_eq!(results.len(), 500);
            for (n, result) in (0..).zip(&results) {
                match result {
                    Err(TaskError::WorkerDied(_)) => assert_eq!(n % 70, 69, "{n}"),
                    Err(TaskError::Panicked(report)) => assert_eq!(report.message, n.to_string()),
                    Err(other) => panic!("{n}: {other}"),
                    Ok(bytes) => assert_eq!(*bytes, fill(n), "{n}"),
                }
            }
        }
        Ok(())
    })
}

#[test]
fn a_chunk_may_take_longer_than_the_limit_of_its_calls() -> Outcome {
    limited(|| {
        for transport in [Transport::SharedMemory, Transport::IpcChannel] {
            let pool = ProcessPoolExecutor::builder().max_workers(1).transport(transport).build()?;
            let limit = Duration::from_secs(1);
            let rests = pool.map(|n| rest::task(n).timeout(limit), [250; 6]).chunk_size(6);
            assert_eq!(rests.collect::<Result<Vec<_>, _>>()?, [250; 6]);
        }
        Ok(())
    })
}

#[test]
fn a_limit_in_a_chunk_is_each_items_own() -> Outcome {
    limited(|| {
        for pool in executors()? {
            let limit = Duration::from_millis(300);
            let results: Vec<_> = pool.map(|n| spin_on::task(n, 1).timeout(limit), 0..3).chunk_size(3).collect();
            assert_eq!(results[0].as_ref().ok(), Some(&0));
            assert!(matches!(results[1], Err(TaskError::TimedOut { .. })), "{:?}", results[1]);
            assert_eq!(results[2].as_ref().ok(), Some(&2));
            STOP_SPINNING.store(true, Ordering::SeqCst);
        }
        Ok(())
    })
}

#[test]
fn an_item_that_cannot_be_sent_costs_its_chunk_nothing_else() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(1)?;
        let results: Vec<_> = pool
            .map(|n| take_writable_if::task(Choosy { number: n, writable: n % 2 == 0 }), 0..5)
            .chunk_size(5)
            .collect();
        for (n, result) in (0..).zip(&results) {
            match result {
                Ok(value) => assert_eq!((*value, n % 2), (n, 0)),
                Err(error) => assert!(matches!(error, TaskError::Encode(_)) && n % 2 == 1, "{n}: {error}"),
            }
        }
        let none: Vec<_> =
            pool.map(|n| take_writable_if::task(Choosy { number: n, writable: false }), 0..3).chunk_size(3).collect();
        assert!(none.iter().all(|result| matches!(result, Err(TaskError::Encode(_)))) && none.len() == 3);
        Ok(())
    })
}

#[test]
fn calls_of_different_options_are_not_put_together() -> Outcome {
    limited(|| {
        for pool in executors()? {
            let values: Vec<u64> = pool
                .map(|n: u64| square::task(n).priority(i32::try_from(n % 2).expect("0 or 1")), 0..10)
                .chunk_size(4)
                .collect::<Result<_, _>>()?;
            assert_eq!(values, (0..10).map(square).collect::<Vec<_>>());
        }
        Ok(())
    })
}

#[test]
fn closures_and_borrowing_jobs_come_in_chunks_too() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(2)?;
        let values: Vec<i32> = pool.map(|n| move || n * 2, 0..10).chunk_size(4).collect::<Result<_, _>>()?;
        assert_eq!(values, (0..10).map(|n| n * 2).collect::<Vec<_>>());
        let table: Vec<i32> = (0..10).collect();
        let sum = pool.scope(|scope| {
            let table = &table;
            scope
                .map(move |n| move || table[n], 0..10)
                .chunk_size(3)
                .collect::<Result<Vec<_>, _>>()
                .map(|v| v.iter().sum::<i32>())
        })?;
        assert_eq!(sum, 45);
        Ok(())
    })
}

#[test]
fn an_executor_that_stands_before_another_one_still_maps_in_chunks() -> Outcome {
    struct Before(ProcessPoolExecutor);
    impl Executor for Before {
        fn start(&self, run: executor_runtime::Run<'_>) {
            self.0.start(run);
        }
        fn shutdown(&self, how: Shutdown) {
            self.0.shutdown(how);
        }
    }
    limited(|| {
        let pool = Before(ProcessPoolExecutor::new(2)?);
        let values: Vec<u64> = pool.map(square::task, 0..10).chunk_size(4).collect::<Result<_, _>>()?;
        assert_eq!(values, (0..10).map(square).collect::<Vec<_>>());
        let scoped = pool.scope(|scope| scope.map(square::task, 0..10).chunk_size(4).collect::<Result<Vec<_>, _>>())?;
        assert_eq!(scoped, values);
        Ok(())
    })
}

#[test]
fn a_map_without_order_yields_what_is_done() -> Outcome {
    limited(|| {
        for pool in executors()? {
            let folder = tempfile::tempdir()?;
            let gate = Gate::new(folder.path(), "gate");
            let mut map = pool.map(|n: u64| pass_or_square(n, &gate), 0..10).unordered();
            let mut values: Vec<u64> = map.by_ref().take(9).collect::<Result<_, _>>()?;
            values.sort_unstable();
            assert_eq!(values, (1..10).map(square).collect::<Vec<_>>());
            gate.await_task().open();
            assert!(map.next().expect("the slow one").is_ok());
            assert!(map.next().is_none());
        }
        Ok(())
    })
}

/// The first one waits at the gate.
fn pass_or_square(n: u64, gate: &Gate) -> impl ProcessJob<Output = u64> {
    pass_first::task(n, gate.path().to_owned())
}

#[test]
fn a_map_without_order_takes_an_endless_input() -> Outcome {
    limited(|| {
        for pool in executors()? {
            let values: Vec<u64> =
                pool.map(square::task, 0..).unordered().chunk_size(8).take(2_000).collect::<Result<_, _>>()?;
            assert_eq!(values.len(), 2_000);
        }
        Ok(())
    })
}

#[test]
fn a_map_that_fails_fast_ends_at_the_first_error() -> Outcome {
    limited(|| {
        for pool in executors()? {
            for chunk_size in [1, 4] {
                let map = pool.map(|n| panic_on::task(n, 5), 0..).chunk_size(chunk_size).fail_fast();
                let results: Vec<_> = map.collect();
                assert_eq!(results.len(), 6);
                assert!(results[..5].iter().all(Result::is_ok) && results[5].is_err());
            }
        }
        Ok(())
    })
}

#[test]
fn a_map_gives_up_in_time_and_cancels_the_rest() -> Outcome {
    limited(|| {
        for pool in executors()? {
            let folder = tempfile::tempdir()?;
            let [first, second] = ["first", "second"].map(|name| Gate::new(folder.path(), name));
            let gates = [&first, &second, &first, &first];
            let mut map = pool.map(|gate| gate::pass::task(gate.path()), gates).timeout(Duration::from_millis(200));
            // Two workers, two gates: the rest waits in the queue.
            let (at_first, at_second) = (
                thread::scope(|scope| {
                    let opener = scope.spawn(|| first.await_task().open());
                    let item = map.next();
                    opener.join().expect("the opener");
                    item
                }),
                second.await_task(),
            );
            assert!(matches!(at_first, Some(Ok(Ok(_)))), "{at_first:?}");
            let error = map.next().expect("an item").expect_err("the second one waits");
            assert_eq!((error.unfinished(), error.total()), (3, 4));
            assert!(map.next().is_none());
            at_second.open();
            if let Some(waiting) = first.try_await_task() {
                waiting.open();
            }
        }
        Ok(())
    })
}

#[test]
fn what_is_done_is_yielded_even_if_the_time_is_over() -> Outcome {
    limited(|| {
        for pool in executors()? {
            let mut map = pool.map(square::task, 0..3).timeout(Duration::from_secs(100));
            assert_eq!(map.next().expect("an item")??, 0);
            let mut over = pool.map(square::task, 0..3).timeout(Duration::ZERO);
            assert!(over.next().expect("the end").is_err(), "nothing was submitted in time");
            assert!(over.next().is_none());
            let mut empty = pool.map(square::task, 0..0).timeout(Duration::ZERO);
            assert!(empty.next().is_none());
        }
        Ok(())
    })
}
