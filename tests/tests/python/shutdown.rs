//! CPython's `test_shutdown.py`: what becomes of the work, and of the workers, when a pool or the program ends.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::process::{Command, Output};
use std::sync::{Arc, Barrier, RwLock};
use std::thread;

use executor_runtime::prelude::*;
use executor_tests::alone::is_alone;
use executor_tests::census::{self, Counted};
use executor_tests::children;
use executor_tests::gate::{self, Gate, Hold};
use executor_tests::tasks::*;
use executor_tests::watchdog::limited;

use crate::{Backend, Outcome};

suite! {
    a_submit_after_the_shutdown_fails_in_its_future
    a_program_that_ends_waits_for_its_pools
    a_submit_after_main_says_whether_the_pool_is_shut_down
    a_shutdown_waits_for_all_that_was_submitted
    a_shutdown_can_cancel_what_has_not_started
    a_program_that_shut_its_pool_down_in_the_background_ends
    a_task_cancelled_right_before_a_shutdown_hangs_nobody
}

/// Runs the program that ends in the given way; what it printed, and that it ended well.
fn ending(on: Backend, how: &str) -> std::io::Result<(Vec<String>, Output)> {
    let output = Command::new(env!("CARGO_BIN_EXE_late")).args([on.name(), how]).output()?;
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    Ok((said, output))
}

/// CPython: `ExecutorShutdownTest.test_run_after_shutdown`.
///
/// The submit itself never fails.
fn a_submit_after_the_shutdown_fails_in_its_future(on: Backend) -> Outcome {
    let pool = on.pool(5)?;
    pool.shutdown(Shutdown::Drain);
    let error = pool.submit(power::task(2, 5)).result().expect_err("no worker is left");
    assert!(matches!(error, TaskError::PoolShutDown), "{error:?}");
    Ok(())
}

/// CPython: `ExecutorShutdownTest.test_interpreter_shutdown`.
///
/// What waits is the drop of the last handle: there is no exit hook, so a pool in a static is not waited for.
fn a_program_that_ends_waits_for_its_pools(on: Backend) -> Outcome {
    let (said, output) = ending(on, "with-work")?;
    assert_eq!(said, vec!["apple"; 20], "{output:?}");
    Ok(())
}

/// CPython: `ExecutorShutdownTest.test_submit_after_interpreter_shutdown`.
///
/// The end of `main` shuts no pool down: one in a static takes calls as long as the program runs, and fails them
/// once it was shut down.
fn a_submit_after_main_says_whether_the_pool_is_shut_down(on: Backend) -> Outcome {
    let (said, output) = ending(on, "and-submits")?;
    assert_eq!(said, ["Ok(9)", "Err(PoolShutDown)"], "{output:?}");
    Ok(())
}

/// CPython: `ExecutorShutdownTest.test_hang_issue12364`.
fn a_shutdown_waits_for_all_that_was_submitted(on: Backend) -> Outcome {
    let pool = on.pool(5)?;
    let futures: Vec<_> = (0..50).map(|n| pool.submit(square::task(n))).collect();
    pool.shutdown(Shutdown::Drain);
    assert!(futures.iter().all(TaskFuture::is_done));
    for (n, future) in (0..).zip(futures) {
        assert_eq!(future.result()?, n * n);
    }
    Ok(())
}

/// CPython: `ExecutorShutdownTest.test_cancel_futures`.
///
/// Exactly what had not started is cancelled, and done for whoever waits for it.
fn a_shutdown_can_cancel_what_has_not_started(on: Backend) -> Outcome {
    let pool = on.pool(5)?;
    let folder = tempfile::tempdir()?;
    let gates: Vec<_> = (0..5).map(|n| Gate::new(folder.path(), &n.to_string())).collect();
    let started: Vec<_> = gates.iter().map(|gate| pool.submit(gate::pass::task(gate.path()))).collect();
    let at_gates: Vec<_> = gates.iter().map(Gate::await_task).collect();
    let queued: Vec<_> = (0..45).map(|n| pool.submit(square::task(n))).collect();
    thread::scope(|scope| {
        let shutdown = scope.spawn(|| pool.shutdown(Shutdown::CancelPending));
        let waited = wait(&queued, None, ReturnWhen::AllCompleted);
        assert_eq!(waited.done.len(), 45);
        assert!(queued.iter().all(TaskFuture::is_cancelled));
        assert!(!shutdown.is_finished(), "what has started is waited for");
        for at_gate in at_gates {
            at_gate.open();
        }
    });
    for future in started {
        future.result()?;
    }
    Ok(())
}

/// CPython: `ExecutorShutdownTest.test_hang_gh83386`.
///
/// The end of `main` is the end, also of the task that runs; Python waits for that one.
fn a_program_that_shut_its_pool_down_in_the_background_ends(on: Backend) -> Outcome {
    let (said, _) = ending(on, "in-the-background")?;
    // Only a parent is told that a process has ended, and this one's is gone.
    let worker = said[0].parse()?;
    while children::lives(worker) {
        thread::yield_now();
    }
    Ok(())
}

/// CPython: `ExecutorShutdownTest.test_hang_gh94440`.
fn a_task_cancelled_right_before_a_shutdown_hangs_nobody(on: Backend) -> Outcome {
    for _ in 0..20 {
        let pool = on.pool(1)?;
        pool.submit(square::task(3)).result()?;
        let future = pool.submit(square::task(4));
        let cancelled = future.cancel();
        pool.shutdown(Shutdown::Drain);
        assert_eq!(future.result().ok(), (!cancelled).then_some(16));
    }
    Ok(())
}

/// Has the calling thread hold a counted value until it ends.
fn reside(number: u64) {
    thread_local! {
        static RESIDENT: RefCell<Option<Counted>> = const { RefCell::new(None) };
    }
    RESIDENT.set(Some(Counted::of(number)));
}

fn this_name() -> String {
    thread::current().name().unwrap_or_default().to_owned()
}

/// CPython: `ThreadPoolShutdownTest.test_threads_terminate`.
#[test]
fn three_tasks_at_once_use_three_threads_which_a_shutdown_ends() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(5).thread_name_prefix("three-at-once").build()?;
        let number = census::new_number();
        let together = Arc::new(Barrier::new(4));
        for _ in 0..3 {
            let together = Arc::clone(&together);
            pool.submit(move || {
                reside(number);
                together.wait();
                together.wait();
            });
        }
        together.wait();
        assert_eq!((census::living(number), children::threads_called("three-at-once_")), (3, 3));
        together.wait();
        pool.shutdown(Shutdown::Drain);
        assert_eq!(census::living(number), 0);
        Ok(())
    })
}

/// CPython: `ThreadPoolShutdownTest.test_context_manager_shutdown`.
#[test]
fn the_end_of_a_block_ends_its_threads() -> Outcome {
    limited(|| {
        let number = census::new_number();
        let sizes = with_pool!(thread(max_workers = 5) as pool => {
            let jobs = |n: i64| move || {
                reside(number);
                n.abs()
            };
            pool.map(jobs, -5..5).collect::<Result<Vec<_>, _>>()
        })??;
        assert_eq!(sizes, [5, 4, 3, 2, 1, 0, 1, 2, 3, 4]);
        assert_eq!(census::living(number), 0);
        Ok(())
    })
}

/// CPython: `ThreadPoolShutdownTest.test_del_shutdown`.
///
/// The drop of the last handle waits, and calls are submitted: a map is lazy and borrows its pool.
#[test]
fn dropping_a_thread_pool_runs_everything_and_ends_its_threads() -> Outcome {
    limited(|| {
        let number = census::new_number();
        let closed = Arc::new(RwLock::new(()));
        let held = closed.write().unwrap();
        let pool = ThreadPoolExecutor::new(5)?;
        let futures = submit_held(&pool, &closed, number);
        let dropping = thread::Builder::new().name("drops-threads".to_owned()).spawn(move || drop(pool))?;
        assert!(children::falls_asleep(&dropping), "it has not waited");
        drop(held);
        dropping.join().expect("a drop without a panic");
        assert_eq!(census::living(number), 0);
        assert!(futures.iter().all(TaskFuture::is_done));
        let sizes = futures.into_iter().map(TaskFuture::result).collect::<Result<Vec<_>, _>>()?;
        assert_eq!(sizes, [5, 4, 3, 2, 1, 0, 1, 2, 3, 4]);
        Ok(())
    })
}

/// Ten jobs that wait for the lock, and whose threads hold a counted value.
fn submit_held(pool: &ThreadPoolExecutor, closed: &Arc<RwLock<()>>, number: u64) -> Vec<TaskFuture<i64>> {
    let job = |n: i64| {
        let closed = Arc::clone(closed);
        move || {
            reside(number);
            drop(closed.read().expect("nobody panics with the lock"));
            n.abs()
        }
    };
    (-5..5).map(|n| pool.submit(job(n))).collect()
}

/// CPython: `ThreadPoolShutdownTest.test_shutdown_no_wait`.
///
/// Calls are submitted: a map is lazy and borrows its pool.
#[test]
fn a_thread_pool_shut_down_in_the_background_runs_everything_and_ends() -> Outcome {
    limited(|| {
        let number = census::new_number();
        let pool = ThreadPoolExecutor::new(5)?;
        let closed = Arc::new(RwLock::new(()));
        let held = closed.write().unwrap();
        let futures = submit_held(&pool, &closed, number);
        pool.shutdown_background();
        drop(pool);
        assert!(!futures.iter().any(TaskFuture::is_done), "neither of them has waited");
        drop(held);
        let sizes = futures.into_iter().map(TaskFuture::result).collect::<Result<Vec<_>, _>>()?;
        assert_eq!(sizes, [5, 4, 3, 2, 1, 0, 1, 2, 3, 4]);
        census::await_none(number);
        Ok(())
    })
}

/// CPython: `ThreadPoolShutdownTest.test_thread_names_assigned`.
#[test]
fn threads_are_called_after_the_given_prefix() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::builder().max_workers(5).thread_name_prefix("SpecialPool").build()?;
        assert_eq!(names_of_five(&pool)?, numbered("SpecialPool"));
        Ok(())
    })
}

/// CPython: `ThreadPoolShutdownTest.test_thread_names_default`.
#[test]
fn threads_are_called_after_their_kind_and_pool() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(5)?;
        let names = names_of_five(&pool)?;
        let number = names[0].strip_prefix("ThreadPoolExecutor-").and_then(|rest| rest.split('_').next());
        let number: usize = number.unwrap_or_default().parse()?;
        assert_eq!(names, numbered(&format!("ThreadPoolExecutor-{number}")));
        Ok(())
    })
}

/// The names of a pool's five threads in order, each of which has one job at the same time.
fn names_of_five(pool: &ThreadPoolExecutor) -> Result<Vec<String>, TaskError> {
    let together = Arc::new(Barrier::new(5));
    let meet = |_| {
        let together = Arc::clone(&together);
        move || {
            together.wait();
            this_name()
        }
    };
    let mut names = pool.map(meet, 0..5).collect::<Result<Vec<_>, _>>()?;
    names.sort_unstable();
    Ok(names)
}

/// The names of five threads with this prefix.
fn numbered(prefix: &str) -> Vec<String> {
    (0..5).map(|n| format!("{prefix}_{n}")).collect()
}

/// CPython: `ThreadPoolShutdownTest.test_cancel_futures_wait_false`.
///
/// No shutdown both cancels and does not wait: the program shuts its pool down in the background, and cancels the
/// future.
#[test]
fn a_program_that_cancels_in_the_background_ends_in_silence() -> Outcome {
    limited(|| {
        let (said, output) = ending(Backend::Threads, "in-the-background")?;
        assert_eq!(said[1..], ["true true"], "{output:?}");
        Ok(())
    })
}

/// CPython: `ProcessPoolShutdownTest.test_processes_terminate`.
#[test]
fn three_tasks_at_once_use_three_processes_which_a_shutdown_ends() -> Outcome {
    // All children are counted.
    if !is_alone("shutdown::three_tasks_at_once_use_three_processes_which_a_shutdown_ends")? {
        return Ok(());
    }
    limited(|| {
        let pool = ProcessPoolExecutor::new(5)?;
        let folder = tempfile::tempdir()?;
        let gates = ["0", "1", "2"].map(|name| Gate::new(folder.path(), name));
        let futures = gates.each_ref().map(|gate| pool.submit(gate::pass::task(gate.path())));
        let at_gates = gates.each_ref().map(Gate::await_task);
        let workers = children::pids();
        assert_eq!(workers.len(), 3);
        for at_gate in at_gates {
            at_gate.open();
        }
        pool.shutdown(Shutdown::Drain);
        assert_eq!(children::pids(), []);
        let mut pids = futures.map(|future| future.result().expect("a pid"));
        pids.sort_unstable();
        assert_eq!(pids.as_slice(), workers.into_iter().map(u64::from).collect::<Vec<_>>());
        Ok(())
    })
}

/// CPython: `ProcessPoolShutdownTest.test_context_manager_shutdown`.
#[test]
fn the_end_of_a_block_ends_its_processes() -> Outcome {
    limited(|| {
        let folder = tempfile::tempdir()?;
        let gates: Vec<_> = (0..5).map(|n| Gate::new(folder.path(), &n.to_string())).collect();
        let (sizes, workers) = with_pool!(process(max_workers = 5) as pool => {
            let at_gates = gates.iter().map(|gate| pool.submit(gate::pass::task(gate.path())));
            let workers: Vec<_> = at_gates.collect();
            // All of them are there at once.
            drop(gates.iter().map(Gate::await_task).collect::<Vec<_>>());
            let sizes: Vec<i64> = pool.map(absolute::task, -5..5).collect::<Result<_, _>>()?;
            (sizes, workers.into_iter().map(TaskFuture::result).collect::<Result<BTreeSet<_>, _>>()?)
        })?;
        assert_eq!(sizes, [5, 4, 3, 2, 1, 0, 1, 2, 3, 4]);
        assert_eq!(workers.len(), 5);
        for worker in workers {
            assert!(!children::lives(worker.try_into()?), "{worker}");
        }
        Ok(())
    })
}

/// CPython: `ProcessPoolShutdownTest.test_del_shutdown`.
///
/// The drop of the last handle waits, and calls are submitted: a map is lazy and borrows its pool.
#[test]
fn dropping_a_process_pool_runs_everything_and_ends_its_processes() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(5)?;
        let folder = tempfile::tempdir()?;
        let hold = Hold::new(folder.path(), "hold");
        let waiting: Vec<_> = (0..5).map(|_| pool.submit(gate::held::task(hold.path()))).collect();
        let sizes: Vec<_> = (-5..5).map(|n| pool.submit(absolute::task(n))).collect();
        let dropping = thread::Builder::new().name("drops-processes".to_owned()).spawn(move || drop(pool))?;
        assert!(children::falls_asleep(&dropping), "it has not waited");
        drop(hold);
        dropping.join().expect("a drop without a panic");
        assert!(sizes.iter().all(TaskFuture::is_done));
        let sizes = sizes.into_iter().map(TaskFuture::result).collect::<Result<Vec<_>, _>>()?;
        assert_eq!(sizes, [5, 4, 3, 2, 1, 0, 1, 2, 3, 4]);
        for future in waiting {
            assert!(!children::lives(future.result()?.try_into()?));
        }
        Ok(())
    })
}

/// CPython: `ProcessPoolShutdownTest.test_shutdown_no_wait`.
///
/// Calls are submitted: a map is lazy and borrows its pool.
#[test]
fn a_process_pool_shut_down_in_the_background_runs_everything_and_ends() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(5)?;
        let folder = tempfile::tempdir()?;
        let hold = Hold::new(folder.path(), "hold");
        let waiting: Vec<_> = (0..5).map(|_| pool.submit(gate::held::task(hold.path()))).collect();
        let sizes: Vec<_> = (-5..5).map(|n| pool.submit(absolute::task(n))).collect();
        pool.shutdown_background();
        drop(pool);
        assert!(!waiting.iter().any(TaskFuture::is_done), "neither of them has waited");
        drop(hold);
        let sizes = sizes.into_iter().map(TaskFuture::result).collect::<Result<Vec<_>, _>>()?;
        assert_eq!(sizes, [5, 4, 3, 2, 1, 0, 1, 2, 3, 4]);
        for future in waiting {
            children::await_end(future.result()?.try_into()?);
        }
        Ok(())
    })
}

/// CPython: `ProcessPoolShutdownTest.test_shutdown_gh_132969_case_1`.
#[test]
fn a_failure_on_two_recycled_workers_survives_a_shutdown_in_the_background() -> Outcome {
    let this = "shutdown::a_failure_on_two_recycled_workers_survives_a_shutdown_in_the_background";
    fail_on_recycled_workers(2, this)
}

/// CPython: `ProcessPoolShutdownTest.test_shutdown_gh_132969_case_2`.
#[test]
fn a_failure_on_four_recycled_workers_survives_a_shutdown_in_the_background() -> Outcome {
    let this = "shutdown::a_failure_on_four_recycled_workers_survives_a_shutdown_in_the_background";
    fail_on_recycled_workers(4, this)
}

/// Three tasks for workers that run one each, of which the second fails; then nothing must be left.
fn fail_on_recycled_workers(max_workers: usize, test: &str) -> Outcome {
    // All children are counted.
    if !is_alone(test)? {
        return Ok(());
    }
    limited(|| {
        let pool = ProcessPoolExecutor::builder().max_workers(max_workers).max_tasks_per_child(1).build()?;
        let futures = [1, 2, 3].map(|n| pool.submit(panic_on::task(n, 2)));
        let [first, second, third] = futures.map(TaskFuture::result);
        assert_eq!((first?, third?), (1, 3));
        assert!(matches!(second, Err(TaskError::Panicked(_))), "{second:?}");
        pool.shutdown_background();
        while !children::pids().is_empty() || children::threads_called("ProcessPoolExec") > 0 {
            thread::yield_now();
        }
        Ok(())
    })
}
