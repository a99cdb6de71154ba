//! CPython's `test_interpreter_pool.py`: workers that share nothing with who submits, or with each other.
//!
//! What stands in for an interpreter is a worker process.

use std::collections::BTreeSet;
use std::fs;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Wake, Waker};
use std::thread;

use executor_runtime::prelude::*;
use executor_tests::alone::is_alone;
use executor_tests::children;
use executor_tests::gate::{self, Gate, Hold};
use executor_tests::tasks::*;
use executor_tests::watchdog::limited;
use futures::executor::block_on;

use crate::Outcome;
use crate::states::start_at;

/// CPython: `InterpreterPoolExecutorTest.test_init_func`.
#[test]
fn the_initializer_runs_before_the_first_task() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::builder().initializer(initialize::task("ready".to_owned())).build()?;
        assert_eq!(pool.submit(initialized::task()).result()?, ["ready"]);
        Ok(())
    })
}

/// CPython: `InterpreterPoolExecutorTest.test_init_with___main___global`.
///
/// A static is what a global of `__main__` is there.
#[test]
fn an_initializer_changes_the_statics_of_its_worker_and_not_ours() -> Outcome {
    limited(|| {
        initialize("ours".to_owned());
        let pool = ProcessPoolExecutor::builder().initializer(initialize::task("theirs".to_owned())).build()?;
        assert_eq!(pool.submit(initialized::task()).result()?, ["theirs"]);
        assert_eq!(initialized(), ["ours"]);
        Ok(())
    })
}

/// CPython: `InterpreterPoolExecutorTest.test_init_closure`.
///
/// Threads take it; for processes it does not compile.
#[test]
fn an_initializer_of_threads_may_capture() -> Outcome {
    limited(|| {
        let (count, counted) = (Arc::new(AtomicUsize::new(0)), 5);
        let captured = Arc::clone(&count);
        let initializer = move || _ = captured.fetch_add(counted, Ordering::SeqCst);
        let pool = ThreadPoolExecutor::builder().max_workers(1).initializer(initializer).build()?;
        let seen = Arc::clone(&count);
        assert_eq!(pool.submit(move || seen.load(Ordering::SeqCst)).result()?, 5);
        Ok(())
    })
}

/// CPython: `InterpreterPoolExecutorTest.test_init_exception_in_func`.
///
/// The cause is in the error, where Python prints it.
#[test]
fn the_failure_of_an_initializer_is_told_by_every_future() -> Outcome {
    limited(|| {
        let initializer = initialize_or_fail::task(FailHow::Return);
        let pool = ProcessPoolExecutor::builder().max_workers(1).initializer(initializer).build()?;
        for future in [(); 3].map(|()| pool.submit(pid::task())) {
            let error = future.result().expect_err("no worker is ready");
            assert_eq!(error.to_string(), "the pool is broken: the initializer of a worker failed: no licence");
        }
        Ok(())
    })
}

/// CPython: `InterpreterPoolExecutorTest.test_submit_closure`.
///
/// The compiler refuses it for processes, in the words of `ui-tests/fail/closure_to_processes.stderr`.
#[test]
fn a_closure_runs_on_threads_and_does_not_compile_for_processes() -> Outcome {
    limited(|| {
        let word = "spam".to_owned();
        assert_eq!(ThreadPoolExecutor::new(1)?.submit(move || word + "!").result()?, "spam!");
        Ok(())
    })
}

/// CPython: `InterpreterPoolExecutorTest.test_submit_func_globals`.
///
/// The path of the module says it, as `__name__` does there, and the worker calls the function by it.
#[test]
fn a_task_is_called_by_the_path_of_its_module() -> Outcome {
    /// Ends its worker.
    #[pool_task(process)]
    fn end() {
        std::process::exit(0)
    }
    limited(|| {
        let pool = ProcessPoolExecutor::new(1)?;
        for (future, path) in [
            (pool.submit(abort::task()), "executor_tests::tasks::abort"),
            (pool.submit(end::task()), concat!(module_path!(), "::end")),
        ] {
            let error = future.result().expect_err("the worker ends");
            let TaskError::WorkerDied(death) = &error else { panic!("{error:?}") };
            assert_eq!(death.task, path);
        }
        Ok(())
    })
}

/// CPython: `InterpreterPoolExecutorTest.test_submit_exception_in_func`.
///
/// A panic comes back as a report of it. An error that the task returned comes back as itself.
#[test]
fn a_panic_comes_back_with_its_message_and_its_worker() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(1)?;
        let worker = pool.submit(pid::task()).result()?;
        let error = pool.submit(panic_with::task(7)).result().expect_err("a panic");
        let TaskError::Panicked(report) = &error else { panic!("{error:?}") };
        assert_eq!(report.message, "number 7 is bad");
        assert!(report.worker.ends_with(&format!("process {worker}")), "{}", report.worker);
        assert_eq!(pool.submit(parse::task("seven")).result()?, parse("seven"));
        Ok(())
    })
}

/// CPython: `InterpreterPoolExecutorTest.test_saturation`.
#[test]
fn a_full_pool_has_exactly_its_workers() -> Outcome {
    // All children are counted.
    if !is_alone("interpreter_pool::a_full_pool_has_exactly_its_workers")? {
        return Ok(());
    }
    limited(|| {
        let pool = ProcessPoolExecutor::new(4)?;
        let folder = tempfile::tempdir()?;
        let hold = Hold::new(folder.path(), "hold");
        let futures: Vec<_> = (0..60).map(|_| pool.submit(gate::held::task(hold.path()))).collect();
        // The queue is in order, so these are those that run.
        while !futures[..4].iter().all(TaskFuture::is_running) {
            thread::yield_now();
        }
        assert!(futures[4..].iter().all(|future| future.state() == State::Pending));
        let workers: BTreeSet<u64> = children::pids().into_iter().map(u64::from).collect();
        assert_eq!(workers.len(), 4);
        drop(hold);
        let ran = futures.into_iter().map(TaskFuture::result).collect::<Result<BTreeSet<_>, _>>()?;
        assert_eq!(ran, workers);
        Ok(())
    })
}

/// CPython: `InterpreterPoolExecutorTest.test_blocking`.
#[test]
fn tasks_that_are_released_in_waves_all_finish() -> Outcome {
    // The last ones first: all of them run at once.
    limited(|| finish_in_waves(10, &[&[7, 8, 9], &[3, 4, 5, 6], &[0, 1, 2]]))
}

/// CPython: `InterpreterPoolExecutorTest.test_blocking_with_limited_workers`.
#[test]
fn waves_larger_than_the_pool_all_finish() -> Outcome {
    limited(|| finish_in_waves(4, &[&[0, 1, 2, 3], &[4, 5, 6, 7], &[8, 9]]))
}

/// Submits ten tasks; those of a wave have all come to their gates when the first of them is let go.
fn finish_in_waves(max_workers: usize, waves: &[&[usize]]) -> Outcome {
    let pool = ProcessPoolExecutor::new(max_workers)?;
    let folder = tempfile::tempdir()?;
    let gates: Vec<_> = (0..10).map(|n| Gate::new(folder.path(), &n.to_string())).collect();
    let futures: Vec<_> = gates.iter().map(|gate| pool.submit(gate::pass::task(gate.path()))).collect();
    for wave in waves {
        let at_gates: Vec<_> = wave.iter().map(|&n| gates[n].await_task()).collect();
        assert!(wave.iter().all(|&n| futures[n].is_running()));
        for at_gate in at_gates {
            at_gate.open();
        }
    }
    let workers = futures.into_iter().map(TaskFuture::result).collect::<Result<BTreeSet<_>, _>>()?;
    assert_eq!(workers.len(), max_workers);
    Ok(())
}

/// CPython: `InterpreterPoolExecutorTest.test_idle_thread_reuse`.
#[test]
fn calls_in_a_row_use_one_worker() -> Outcome {
    // All children are counted.
    if !is_alone("interpreter_pool::calls_in_a_row_use_one_worker")? {
        return Ok(());
    }
    limited(|| {
        let pool = ProcessPoolExecutor::new(5)?;
        let workers = [(); 3].map(|()| pool.submit(pid::task()).result());
        let workers = workers.into_iter().collect::<Result<BTreeSet<_>, _>>()?;
        // Those that are still on their way count, too.
        pool.wait_ready()?;
        assert_eq!(children::pids(), workers.into_iter().collect::<Vec<_>>());
        assert_eq!(children::pids().len(), 1);
        Ok(())
    })
}

/// CPython: `InterpreterPoolExecutorTest.test_pickle_errors_propagate`.
///
/// What the type itself said is lost; the error names the task.
#[test]
fn a_value_that_cannot_be_read_fails_its_future() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(1)?;
        let worker = pool.submit(pid::task()).result()?;
        let given = pool.submit(give_unreadable::task()).result();
        assert!(matches!(given, Err(TaskError::Decode(_))), "{given:?}");
        let taken = pool.submit(take_unreadable::task(Unreadable)).result();
        assert!(matches!(taken, Err(TaskError::Decode(_))), "{taken:?}");
        assert_eq!(pool.submit(pid::task()).result()?, worker);
        Ok(())
    })
}

/// CPython: `InterpreterPoolExecutorTest.test_thread_name_prefix`.
///
/// The threads that feed the workers have the name.
#[test]
fn the_threads_of_a_process_pool_are_called_after_it() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(1)?;
        let folder = tempfile::tempdir()?;
        let gate = Gate::new(folder.path(), "gate");
        let (future, at_gate) = start_at(&pool, &gate);
        let (send, name) = mpsc::channel();
        future.on_done(move |_| send.send(thread::current().name().map(str::to_owned)).expect("the test's end"));
        at_gate.open();
        assert_eq!(name.recv()?.as_deref(), Some("ProcessPoolExecutor_0"));
        Ok(())
    })
}

/// CPython: `InterpreterPoolExecutorTest.test_thread_name_prefix_with_thread_get_name`.
#[test]
fn the_system_knows_the_first_bytes_of_a_thread_name() -> Outcome {
    limited(|| {
        let builder = ThreadPoolExecutor::builder().max_workers(1);
        let pool = builder.thread_name_prefix("a-prefix-that-is-long").build()?;
        let name = pool.submit(|| fs::read_to_string("/proc/thread-self/comm")).result()??;
        assert_eq!(name, "a-prefix-that-i\n");
        Ok(())
    })
}

/// CPython: `AsyncioTest.test_run_in_executor`.
///
/// The future itself is awaited, in any runtime.
#[test]
fn an_awaited_call_gives_the_value_of_a_worker() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(1)?;
        let worker = block_on(async { pool.submit(pid::task()).await })?;
        assert_ne!(worker, pid());
        assert_eq!(pool.submit(pid::task()).result()?, worker);
        Ok(())
    })
}

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// CPython: `AsyncioTest.test_run_in_executor_cancel`.
///
/// Dropping the future ends the await and detaches the task.
#[test]
fn a_dropped_await_wakes_nobody_later() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(2)?;
        let folder = tempfile::tempdir()?;
        let [dropped, kept] = ["dropped", "kept"].map(|name| {
            let gate = Gate::new(folder.path(), name);
            let (mut future, at_gate) = start_at(&pool, &gate);
            let woken = Arc::new(Woken::default());
            let waker = Waker::from(Arc::clone(&woken));
            assert!(Pin::new(&mut future).poll(&mut Context::from_waker(&waker)).is_pending());
            (future, at_gate, woken)
        });
        drop(dropped.0);
        assert_eq!(Arc::strong_count(&dropped.2), 1, "its waker is gone");
        dropped.1.open();
        kept.1.open();
        pool.shutdown(Shutdown::Drain);
        assert_eq!([dropped.2, kept.2].map(|woken| woken.0.load(Ordering::SeqCst)), [0, 1]);
        Ok(())
    })
}
