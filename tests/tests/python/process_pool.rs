//! CPython's `test_process_pool.py`: how many processes there are, how they end, and what that does to the work.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use executor_runtime::prelude::*;
use executor_runtime::{WorkerDeath, WorkerExit};
use executor_tests::alone::is_alone;
use executor_tests::census::{self, Counted};
use executor_tests::children;
use executor_tests::gate::{self, Gate, Waiting};
use executor_tests::tasks::*;
use executor_tests::watchdog::limited;
use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitOptions, getpid, getrlimit, set_child_subreaper, setrlimit, waitpid,
};

use crate::Outcome;

/// Both ways to abort: Python's `terminate_workers()` and its `kill_workers()`.
const ABORTS: [Shutdown; 2] =
    [Shutdown::Abort { grace: Duration::from_mins(1) }, Shutdown::Abort { grace: Duration::ZERO }];

/// The death of a task's worker.
fn death_of<T>(future: TaskFuture<T>) -> Arc<WorkerDeath> {
    match future.result() {
        Err(TaskError::WorkerDied(death)) => death,
        Err(other) => panic!("the worker did not die: {other:?}"),
        Ok(_) => panic!("the worker did not die"),
    }
}

/// A task at its gate.
fn at_gate(pool: &ProcessPoolExecutor, gate: &Gate) -> (TaskFuture<u64>, Waiting) {
    let future = pool.submit(gate::pass::task(gate.path()));
    (future, gate.await_task())
}

/// CPython: `ProcessPoolExecutorTest.test_killed_child`.
///
/// In Python the whole pool breaks; here the task of the killed worker fails alone.
#[test]
fn a_killed_worker_fails_the_task_it_ran_and_no_other() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(2)?;
        let folder = tempfile::tempdir()?;
        let gates = ["0", "1"].map(|name| Gate::new(folder.path(), name));
        let worker = pool.submit(pid::task()).result()?;
        let [(killed, _killed), (other, waiting)] = gates.each_ref().map(|gate| at_gate(&pool, gate));
        children::send(worker, Signal::TERM);
        let death = death_of(killed);
        assert_eq!((death.pid, death.exit.signal_name()), (worker, Some("SIGTERM")));
        assert_eq!(pool.submit(power::task(2, 8)).result()?, 256);
        waiting.open();
        other.result()?;
        Ok(())
    })
}

/// CPython: `ProcessPoolExecutorTest.test_broken_process_pool_traceback`.
///
/// Each lost task has the death of its own worker for an error.
#[test]
fn each_lost_task_has_an_error_of_its_own() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(3)?;
        let folder = tempfile::tempdir()?;
        let gates = ["0", "1", "2"].map(|name| Gate::new(folder.path(), name));
        let futures = gates.each_ref().map(|gate| pool.submit(segfault_after::task(gate.path())));
        for gate in &gates {
            gate.await_task().open();
        }
        let deaths = futures.map(death_of);
        assert!(deaths.iter().all(|death| death.exit.signal_name() == Some("SIGSEGV")), "{deaths:?}");
        let workers: BTreeSet<_> = deaths.iter().map(|death| death.pid).collect();
        assert_eq!(workers.len(), 3, "{deaths:?}");
        Ok(())
    })
}

/// CPython: `ProcessPoolExecutorTest.test_map_chunksize`.
///
/// Zero is taken as one; a negative number does not compile.
#[test]
fn any_chunk_size_gives_the_same_list() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(5)?;
        let squares: Vec<_> = (0..40).map(square).collect();
        for chunk_size in [6, 50, 40, 0] {
            let map = pool.map(square::task, 0..40).chunk_size(chunk_size);
            assert_eq!(map.collect::<Result<Vec<_>, _>>()?, squares, "{chunk_size}");
        }
        Ok(())
    })
}

/// CPython: `ProcessPoolExecutorTest.test_traceback`.
///
/// The place of a panic is told as file, line and column, without the line's text.
#[test]
fn a_panic_tells_where_it_was_raised() -> Outcome {
    const LINE: u32 = line!() + 4;
    /// Panics in the fourth line below the constant's.
    #[pool_task(process)]
    fn fail() {
        panic!("{}", 123)
    }
    limited(|| {
        let error = ProcessPoolExecutor::new(1)?.submit(fail::task()).result().expect_err("a panic");
        let TaskError::Panicked(report) = &error else { panic!("{error:?}") };
        assert_eq!(report.message, "123");
        let place = format!("{}:{LINE}:9", file!());
        assert_eq!(report.location.as_ref(), Some(&place));
        assert!(error.to_string().contains(&place), "{error}");
        Ok(())
    })
}

/// CPython: `ProcessPoolExecutorTest.test_traceback_when_child_process_terminates_abruptly`.
///
/// The pool is not broken, and not only the cause says so, but the error itself.
#[test]
fn the_exit_code_of_a_dead_worker_is_told() -> Outcome {
    limited(|| {
        let error = ProcessPoolExecutor::new(1)?.submit(exit::task(99)).result().expect_err("dead");
        let TaskError::WorkerDied(death) = &error else { panic!("{error:?}") };
        assert_eq!(death.exit, WorkerExit::Code(99));
        assert!(error.to_string().contains(&format!("{} exited with code 99", death.pid)), "{error}");
        Ok(())
    })
}

/// CPython: `ProcessPoolExecutorTest.test_ressources_gced_in_workers`.
#[test]
fn a_worker_drops_its_argument_after_the_task() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(1)?;
        let number = census::new_number();
        assert_eq!(pool.submit(census::take::task(Counted::of(number))).result()?, 1);
        assert_eq!(pool.submit(census::living::task(number)).result()?, 0);
        Ok(())
    })
}

/// CPython: `ProcessPoolExecutorTest.test_saturation`.
#[test]
fn a_full_pool_has_exactly_its_processes() -> Outcome {
    // All children are counted.
    if !is_alone("process_pool::a_full_pool_has_exactly_its_processes")? {
        return Ok(());
    }
    limited(|| {
        let pool = ProcessPoolExecutor::new(4)?;
        let folder = tempfile::tempdir()?;
        let gates: Vec<_> = (0..4).map(|n| Gate::new(folder.path(), &n.to_string())).collect();
        let futures: Vec<_> = gates.iter().map(|gate| pool.submit(gate::pass::task(gate.path()))).collect();
        let queued: Vec<_> = (4..60).map(|_| pool.submit(pid::task())).collect();
        let at_gates: Vec<_> = gates.iter().map(Gate::await_task).collect();
        let workers: BTreeSet<u64> = children::pids().into_iter().map(u64::from).collect();
        assert_eq!(workers.len(), 4);
        for at_gate in at_gates {
            at_gate.open();
        }
        let mut pids = futures.into_iter().map(TaskFuture::result).collect::<Result<BTreeSet<_>, _>>()?;
        assert_eq!(pids, workers);
        for future in queued {
            pids.insert(future.result()?.into());
        }
        assert_eq!(pids, workers);
        Ok(())
    })
}

/// CPython: `ProcessPoolExecutorTest.test_idle_process_reuse_one`.
#[test]
fn calls_in_a_row_use_one_process() -> Outcome {
    // All children are counted.
    if !is_alone("process_pool::calls_in_a_row_use_one_process")? {
        return Ok(());
    }
    limited(|| {
        let pool = ProcessPoolExecutor::new(5)?;
        let worker = pool.submit(pid::task()).result()?;
        for _ in 0..2 {
            assert_eq!(pool.submit(pid::task()).result()?, worker);
        }
        // Those that are still on their way count, too.
        pool.wait_ready()?;
        assert_eq!(children::pids(), [worker]);
        Ok(())
    })
}

/// CPython: `ProcessPoolExecutorTest.test_idle_process_reuse_multiple`.
#[test]
fn calls_in_pairs_use_three_processes_at_most() -> Outcome {
    // All children are counted.
    if !is_alone("process_pool::calls_in_pairs_use_three_processes_at_most")? {
        return Ok(());
    }
    limited(|| {
        let pool = ProcessPoolExecutor::new(5)?;
        pool.submit(power::task(12, 7)).result()?;
        for _ in 0..2 {
            pool.submit(power::task(3, 25));
            pool.submit(power::task(25, 6)).result()?;
        }
        pool.submit(power::task(0, 9));
        // Those that are still on their way count, too.
        pool.wait_ready()?;
        assert!(children::pids().len() <= 3, "{:?}", children::pids());
        Ok(())
    })
}

/// A pool whose workers end after so many tasks.
fn recycling(max_workers: usize, tasks: usize) -> Result<ProcessPoolExecutor, PoolError> {
    ProcessPoolExecutor::builder().max_workers(max_workers).max_tasks_per_child(tasks).build()
}

/// CPython: `ProcessPoolExecutorTest.test_max_tasks_per_child`.
#[test]
fn a_worker_is_replaced_after_its_last_task() -> Outcome {
    // All children are counted.
    if !is_alone("process_pool::a_worker_is_replaced_after_its_last_task")? {
        return Ok(());
    }
    limited(|| {
        let pool = recycling(1, 3)?;
        let first = pool.submit(pid::task()).result()?;
        assert_eq!(pool.submit(pid::task()).result()?, first);
        assert_eq!(children::pids(), [first]);
        assert_eq!(pool.submit(pid::task()).result()?, first);
        let second = pool.submit(pid::task()).result()?;
        assert_ne!(second, first);
        assert_eq!(children::pids(), [second]);
        Ok(())
    })
}

/// CPython: `ProcessPoolExecutorTest.test_max_tasks_per_child_pending_tasks_gh115634`.
#[test]
fn a_backlog_outlives_its_workers() -> Outcome {
    limited(|| {
        for (max_workers, tasks) in [(1, 6), (2, 8)] {
            let pool = recycling(max_workers, 2)?;
            let futures: Vec<_> = (0..tasks).map(|_| pool.submit(pid::task())).collect();
            let mut run_by = BTreeMap::<_, u32>::new();
            for future in futures {
                *run_by.entry(future.result()?).or_default() += 1;
            }
            assert!(run_by.values().all(|&tasks| tasks <= 2), "{run_by:?}");
        }
        Ok(())
    })
}

/// CPython: `ProcessPoolExecutorTest.test_shutdown_no_wait_max_tasks_gh119592`.
///
/// What was queued runs also if the last handle is dropped; in Python it fails then.
#[test]
fn a_shutdown_in_the_background_goes_on_replacing_workers() -> Outcome {
    limited(|| {
        for is_dropped in [false, true] {
            let folder = tempfile::tempdir()?;
            let gate = Gate::new(folder.path(), "gate");
            let mut pool = Some(recycling(1, 1)?);
            let (futures, waiting) = backlog(pool.as_ref().expect("a pool"), &gate);
            pool.as_ref().expect("a pool").shutdown_background();
            pool.take_if(|_| is_dropped);
            waiting.open();
            assert_eq!(workers_of(futures).len(), 3);
        }
        Ok(())
    })
}

/// CPython: `ProcessPoolExecutorTest.test_gc_during_max_tasks_worker_exit_gh152967`.
///
/// What was queued runs; in Python it fails.
#[test]
fn the_drop_of_a_pool_goes_on_replacing_workers() -> Outcome {
    limited(|| {
        let folder = tempfile::tempdir()?;
        let gate = Gate::new(folder.path(), "gate");
        let pool = recycling(1, 1)?;
        let (futures, waiting) = backlog(&pool, &gate);
        let dropping = thread::Builder::new().name("drops-recycling".to_owned()).spawn(move || drop(pool))?;
        assert!(children::falls_asleep(&dropping), "it has not waited");
        waiting.open();
        assert_eq!(workers_of(futures).len(), 3);
        dropping.join().expect("a drop without a panic");
        Ok(())
    })
}

/// Three tasks, of which the first is at its gate.
fn backlog(pool: &ProcessPoolExecutor, gate: &Gate) -> ([TaskFuture<u64>; 3], Waiting) {
    let (first, waiting) = at_gate(pool, gate);
    // A gate that nobody waits at holds nobody.
    let open = Path::new("/dev/null");
    ([first, pool.submit(gate::pass::task(open)), pool.submit(gate::pass::task(open))], waiting)
}

/// The workers that ran the tasks.
fn workers_of(futures: impl IntoIterator<Item = TaskFuture<u64>>) -> BTreeSet<u64> {
    futures.into_iter().map(|future| future.result().expect("a pid")).collect()
}

/// CPython: `ProcessPoolExecutorTest.test_force_shutdown_during_max_tasks_worker_exit`.
///
/// What was queued is cancelled, where Python's pool breaks. The worker comes to the end of its last task at about
/// the moment of the abort, so that it may have been replaced just before.
#[test]
fn an_abort_replaces_no_worker() -> Outcome {
    // All children are counted.
    if !is_alone("process_pool::an_abort_replaces_no_worker")? {
        return Ok(());
    }
    limited(|| {
        for abort in ABORTS.into_iter().cycle().take(20) {
            let folder = tempfile::tempdir()?;
            let gate = Gate::new(folder.path(), "gate");
            let pool = recycling(1, 1)?;
            let (futures, waiting) = backlog(&pool, &gate);
            thread::scope(|scope| {
                scope.spawn(|| waiting.open());
                pool.shutdown(abort);
            });
            assert_eq!(children::pids(), []);
            let mut ends = futures.map(TaskFuture::result).into_iter().skip_while(Result::is_ok);
            let cut = ends.next();
            assert!(matches!(cut, None | Some(Err(TaskError::PoolShutDown | TaskError::Cancelled))), "{cut:?}");
            for end in ends {
                assert!(matches!(end, Err(TaskError::Cancelled)), "{end:?}");
            }
        }
        Ok(())
    })
}

/// CPython: `ProcessPoolExecutorTest.test_failed_worker_replacement_breaks_pool`.
#[test]
fn a_worker_that_cannot_be_replaced_breaks_the_pool() -> Outcome {
    // The limit is the whole process's.
    if !is_alone("process_pool::a_worker_that_cannot_be_replaced_breaks_the_pool")? {
        return Ok(());
    }
    limited(|| {
        let folder = tempfile::tempdir()?;
        let gate = Gate::new(folder.path(), "gate");
        let pool = recycling(1, 1)?;
        let ([first, second, third], waiting) = backlog(&pool, &gate);
        // What is open stays open, and nothing can be opened any more.
        let limit = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: Some(3), ..limit })?;
        waiting.open();
        let first = first.result();
        let others = [second, third, pool.submit(gate::pass::task(gate.path()))].map(TaskFuture::result);
        setrlimit(Resource::Nofile, limit)?;
        first?;
        for other in others {
            let error = other.expect_err("no worker");
            assert!(error.to_string().contains("could not start a worker process"), "{error}");
            let TaskError::PoolBroken { cause } = error else { panic!("{error:?}") };
            assert!(matches!(&*cause, PoolError::SpawnWorker(_)), "{cause:?}");
        }
        Ok(())
    })
}

/// CPython: `ProcessPoolExecutorTest.test_max_tasks_early_shutdown`.
#[test]
fn a_shutdown_right_away_goes_on_replacing_workers() -> Outcome {
    limited(|| {
        let pool = recycling(3, 1)?;
        let futures = [(); 6].map(|()| pool.submit(gate::pass::task(Path::new("/dev/null"))));
        pool.shutdown(Shutdown::Drain);
        assert!(futures.iter().all(TaskFuture::is_done));
        assert_eq!(workers_of(futures).len(), 6);
        Ok(())
    })
}

/// CPython: `ProcessPoolExecutorTest.test_python_finalization_error`.
///
/// What keeps the threads from starting is a stack that no address space has room for.
#[test]
fn a_thread_that_cannot_start_breaks_the_pool() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::builder().max_workers(2).stack_size(1 << 47).build()?;
        for result in pool.map(|n| power::task(n, 3), 0..10) {
            let error = result.expect_err("no thread");
            let TaskError::PoolBroken { cause } = &error else { panic!("{error:?}") };
            assert!(matches!(&**cause, PoolError::SpawnThread(_)), "{cause:?}");
        }
        pool.shutdown(Shutdown::Drain);
        Ok(())
    })
}

/// Aborts a pool in the middle of a task that has started a program; the signal that ended the program.
///
/// The worker's own end is the pool's to see. The program is in its group and gets the signals that it gets; when the
/// worker is gone it is this process's child, which therefore has to be the test's alone. The first signal that ends
/// a process is the one it has ended by, however soon another one comes. (The worker must not wait for it: it might
/// reap it in its last moment.)
fn abort_in_the_middle(abort: Shutdown) -> Result<Option<Signal>, Box<dyn Error>> {
    set_child_subreaper(Some(getpid()))?;
    let pool = ProcessPoolExecutor::new(1)?;
    let folder = tempfile::tempdir()?;
    let gates = ["program", "task"].map(|name| Gate::new(folder.path(), name));
    let finished = folder.path().join("finished");
    let worker = pool.submit(pid::task()).result()?;
    let future = pool.submit(leave_beside_program::task(gates[0].path(), gates[1].path(), &finished));
    let at_gates = gates.each_ref().map(Gate::await_task);
    let [program] = children::pids_of(worker)[..] else { panic!("one program") };
    pool.shutdown(abort);
    assert!(!children::lives(worker));
    for at_gate in at_gates {
        at_gate.open();
    }
    assert!(matches!(future.result(), Err(TaskError::PoolShutDown)));
    assert!(!finished.exists());
    let end = waitpid(Pid::from_raw(program.cast_signed()), WaitOptions::empty())?;
    Ok(end.and_then(|(_, status)| status.terminating_signal()).and_then(Signal::from_named_raw))
}

/// CPython: `ProcessPoolExecutorTest.test_terminate_workers`.
///
/// It does not look at calls of methods, but at a worker that has all the time there is, and ends at once, and at
/// what has ended it.
#[test]
fn an_abort_with_a_grace_asks_the_worker_to_end() -> Outcome {
    // It adopts children.
    if !is_alone("process_pool::an_abort_with_a_grace_asks_the_worker_to_end")? {
        return Ok(());
    }
    limited(|| {
        assert_eq!(abort_in_the_middle(Shutdown::Abort { grace: Duration::MAX })?, Some(Signal::TERM));
        Ok(())
    })
}

/// CPython: `ProcessPoolExecutorTest.test_kill_workers`.
///
/// It does not look at calls of methods, but at a worker that cannot be asked, since it stands still, and at what has
/// ended one that could have been.
#[test]
fn an_abort_without_a_grace_kills_the_worker() -> Outcome {
    // It adopts children.
    if !is_alone("process_pool::an_abort_without_a_grace_kills_the_worker")? {
        return Ok(());
    }
    limited(|| {
        let abort = Shutdown::Abort { grace: Duration::ZERO };
        assert_eq!(abort_in_the_middle(abort)?, Some(Signal::KILL));
        let pool = ProcessPoolExecutor::new(1)?;
        let folder = tempfile::tempdir()?;
        let gate = Gate::new(folder.path(), "gate");
        let worker = pool.submit(pid::task()).result()?;
        let (stopped, _waiting) = at_gate(&pool, &gate);
        children::stop(worker);
        pool.shutdown(abort);
        assert!(matches!(stopped.result(), Err(TaskError::PoolShutDown)));
        assert!(!children::lives(worker));
        Ok(())
    })
}

/// CPython: `ProcessPoolExecutorTest.test_force_shutdown_workers`.
#[test]
fn an_abort_stops_a_task_in_its_middle() -> Outcome {
    // It adopts children.
    if !is_alone("process_pool::an_abort_stops_a_task_in_its_middle")? {
        return Ok(());
    }
    limited(|| {
        let signals = ABORTS.map(|abort| abort_in_the_middle(abort).expect("the end of a program"));
        assert_eq!(signals, [Some(Signal::TERM), Some(Signal::KILL)]);
        Ok(())
    })
}

/// CPython: `ProcessPoolExecutorTest.test_force_shutdown_workers_dead_workers`.
///
/// The pool is not broken by the death before.
#[test]
fn an_abort_after_the_death_of_a_worker_is_no_error() -> Outcome {
    limited(|| {
        for abort in ABORTS {
            let pool = ProcessPoolExecutor::new(1)?;
            assert_eq!(death_of(pool.submit(exit::task(1))).exit, WorkerExit::Code(1));
            pool.shutdown(abort);
        }
        Ok(())
    })
}

/// CPython: `ProcessPoolExecutorTest.test_force_shutdown_workers_not_started_yet`.
#[test]
fn an_abort_before_any_worker_starts_none() -> Outcome {
    // All children are counted.
    if !is_alone("process_pool::an_abort_before_any_worker_starts_none")? {
        return Ok(());
    }
    limited(|| {
        for abort in ABORTS {
            let pool = ProcessPoolExecutor::new(1)?;
            pool.shutdown(abort);
            assert!(matches!(pool.submit(square::task(3)).result(), Err(TaskError::PoolShutDown)));
            assert_eq!((children::pids(), children::threads_called("ProcessPoolExec")), (vec![], 0));
        }
        Ok(())
    })
}

/// CPython: `ProcessPoolExecutorTest.test_force_shutdown_workers_stops_pool`.
///
/// The abort returns when the process has ended.
#[test]
fn an_abort_ends_the_pool_for_good() -> Outcome {
    limited(|| {
        for abort in ABORTS {
            let pool = ProcessPoolExecutor::new(1)?;
            let worker = pool.submit(pid::task()).result()?;
            pool.shutdown(abort);
            assert!(!children::lives(worker));
            assert!(matches!(pool.submit(square::task(3)).result(), Err(TaskError::PoolShutDown)));
        }
        Ok(())
    })
}
