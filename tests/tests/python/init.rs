//! CPython's `test_init.py`: what each worker does before its first task, and what becomes of a pool whose workers
//! fail at it.

use std::cell::RefCell;
use std::path::Path;

use executor_runtime::prelude::*;
use executor_tests::alone::is_alone;
use executor_tests::children;
use executor_tests::gate::{Gate, pass};
use executor_tests::tasks::*;
use executor_tests::watchdog::limited;

use crate::{Backend, Outcome};

suite! {
    every_worker_runs_the_initializer_first
    a_failing_initializer_breaks_the_pool_and_is_the_cause
}

thread_local! {
    /// A worker is one thread, in whatever process.
    static MARKS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Leaves a mark on its worker.
#[pool_task(process)]
fn mark(with: String) {
    MARKS.with_borrow_mut(|marks| marks.push(with));
}

/// The marks of its worker, when the gate opens.
#[pool_task(process)]
fn marks_after(gate: &Path) -> Vec<String> {
    pass(gate);
    MARKS.with_borrow(Clone::clone)
}

/// CPython: `InitializerMixin.test_initializer`.
fn every_worker_runs_the_initializer_first(on: Backend) -> Outcome {
    let word = || "ready".to_owned();
    let pool: Box<dyn Executor> = match on {
        Backend::Threads => {
            Box::new(ThreadPoolExecutor::builder().max_workers(2).initializer(move || mark(word())).build()?)
        }
        Backend::Processes => {
            Box::new(ProcessPoolExecutor::builder().max_workers(2).initializer(mark::task(word())).build()?)
        }
    };
    let folder = tempfile::tempdir()?;
    let gates = ["first", "second"].map(|name| Gate::new(folder.path(), name));
    for _ in 0..2 {
        let futures = gates.each_ref().map(|gate| pool.submit(marks_after::task(gate.path())));
        // Two tasks that run at once are on two workers.
        for at_gate in gates.each_ref().map(Gate::await_task) {
            at_gate.open();
        }
        for future in futures {
            assert_eq!(future.result()?, ["ready"], "once, and before the first task");
        }
    }
    Ok(())
}

/// A pool whose initializer fails.
fn failing(on: Backend, how: FailHow) -> Result<Box<dyn Executor>, PoolError> {
    Ok(match on {
        Backend::Threads => {
            let builder = ThreadPoolExecutor::builder().max_workers(2);
            Box::new(builder.initializer(move || initialize_or_fail(how)).build()?)
        }
        Backend::Processes => {
            let builder = ProcessPoolExecutor::builder().max_workers(2);
            Box::new(builder.initializer(initialize_or_fail::task(how)).build()?)
        }
    })
}

/// CPython: `FailingInitializerMixin.test_initializer`.
///
/// The cause is in the futures, where Python logs it and loses it.
fn a_failing_initializer_breaks_the_pool_and_is_the_cause(on: Backend) -> Outcome {
    for (how, words) in [(FailHow::Return, "no licence"), (FailHow::Panic, "no database")] {
        let pool = failing(on, how)?;
        let futures = [(); 3].map(|()| pool.submit(nothing::task()));
        for future in futures.into_iter().chain([pool.submit(nothing::task())]) {
            let error = future.result().expect_err("no worker is ready");
            let TaskError::PoolBroken { cause } = &error else { panic!("{error:?}") };
            let PoolError::InitializerFailed { cause } = &**cause else { panic!("{cause:?}") };
            assert!(cause.to_string().ends_with(words), "{cause}");
            assert_eq!(cause.is::<TaskError>(), matches!(how, FailHow::Panic), "{cause:?}");
            assert!(error.to_string().ends_with(&cause.to_string()), "{error}");
        }
        pool.shutdown(Shutdown::Drain);
        let late = pool.submit(nothing::task()).result();
        assert!(matches!(late, Err(TaskError::PoolBroken { .. })), "{late:?}");
    }
    Ok(())
}

/// CPython: `FailingInitializerResourcesTest.test_spawn`.
///
/// No resource tracker says what is left: processes and descriptors are counted.
#[test]
fn a_failing_initializer_leaves_nothing_behind() -> Outcome {
    // They are the whole process's.
    if !is_alone("init::a_failing_initializer_leaves_nothing_behind")? {
        return Ok(());
    }
    limited(|| {
        // What the first pool of a process opens for all that come is there before.
        ProcessPoolExecutor::new(1)?.submit(nothing::task()).result()?;
        let before = (children::pids(), children::descriptors());
        for how in [FailHow::Return, FailHow::Panic, FailHow::Exit] {
            let pool = failing(Backend::Processes, how)?;
            pool.submit(nothing::task()).result().expect_err("no worker is ready");
            drop(pool);
            assert_eq!((children::pids(), children::descriptors()), before, "{how:?}");
        }
        Ok(())
    })
}
