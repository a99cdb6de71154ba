//! Executors that others could write: public API only.

#![expect(clippy::unwrap_used, reason = "a poisoned lock fails the test")]

use std::path::Path;
use std::sync::Mutex;

use executor_runtime::prelude::*;
use executor_runtime::{LocalJob, RemoteJob, Run};
use executor_tests::gate::{self, Gate};
use executor_tests::tasks::*;
use executor_tests::watchdog::limited;

/// Runs everything at once in the submitting thread.
struct Inline;

impl Executor for Inline {
    fn start(&self, run: Run<'_>) {
        if let Some(job) = run.detach() {
            job.run();
        }
    }
    fn shutdown(&self, _: Shutdown) {}
}

/// Keeps jobs until it is told what to do with them.
#[derive(Default)]
struct Shelf {
    local: Mutex<Vec<LocalJob>>,
    remote: Mutex<Vec<RemoteJob>>,
    keeps_bytes: bool,
}

impl Executor for Shelf {
    fn start(&self, run: Run<'_>) {
        if self.keeps_bytes {
            self.remote.lock().unwrap().extend(run.encode());
        } else {
            self.local.lock().unwrap().extend(run.detach());
        }
    }
    fn shutdown(&self, _: Shutdown) {
        self.local.lock().unwrap().clear();
        self.remote.lock().unwrap().clear();
    }
}

/// Forgets everything.
struct Forgetful;

impl Executor for Forgetful {
    fn start(&self, _: Run<'_>) {}
    fn shutdown(&self, _: Shutdown) {}
}

#[test]
fn a_backend_may_run_calls_where_they_are_submitted() -> Result<(), TaskError> {
    let text = String::from("a rose is a rose");
    assert_eq!(Inline.submit(count::task(&text, "rose")).result()?, 2);
    assert_eq!(Inline.map(square::task, 0..3).collect::<Result<Vec<_>, _>>()?, [0, 1, 4]);
    assert!(matches!(Inline.submit(panic_with::task(1)).result(), Err(TaskError::Panicked(_))));
    Ok(())
}

#[test]
fn a_backend_gets_name_and_bytes_and_gives_bytes_back() -> Result<(), TaskError> {
    let shelf = Shelf { keeps_bytes: true, ..Shelf::default() };
    let future = shelf.submit(square::task(12).timeout(Duration::from_secs(1)));
    let job = shelf.remote.lock().unwrap().pop().expect("the call");
    assert_eq!(job.name(), "executor_tests::tasks::square");
    let job = job.start().expect("not cancelled");
    assert!(future.is_running() && !future.cancel());
    assert_eq!((job.arguments(), job.limit()), ([12].as_slice(), Some(Duration::from_secs(1))));
    // 144 as postcard writes it: seven bits to a byte, the lowest first.
    job.finish(Ok(&[0x90, 0x01]));
    assert_eq!(future.result()?, 144);
    Ok(())
}

#[test]
fn an_answer_that_is_no_value_fails_its_future_only() {
    let shelf = Shelf { keeps_bytes: true, ..Shelf::default() };
    let future = shelf.submit(square::task(12));
    let job = shelf.remote.lock().unwrap().pop().expect("the call");
    job.start().expect("not cancelled").finish(Ok(&[0xff]));
    assert!(matches!(future.result(), Err(TaskError::Decode(_))));
}

#[test]
fn a_cancelled_call_cannot_be_started() {
    let shelf = Shelf { keeps_bytes: true, ..Shelf::default() };
    let future = shelf.submit(square::task(12));
    assert!(future.cancel());
    assert!(shelf.remote.lock().unwrap().pop().expect("the shell").start().is_none());
}

#[test]
fn nothing_that_a_backend_loses_leaves_a_waiter_hanging() {
    assert!(matches!(Forgetful.submit(square::task(1)).result(), Err(TaskError::PoolShutDown)));
    for keeps_bytes in [false, true] {
        let shelf = Shelf { keeps_bytes, ..Shelf::default() };
        let future = shelf.submit(square::task(1));
        shelf.shutdown(Shutdown::Drain);
        assert!(matches!(future.result(), Err(TaskError::PoolShutDown)));
    }
    let shelf = Shelf { keeps_bytes: true, ..Shelf::default() };
    let future = shelf.submit(square::task(1));
    drop(shelf.remote.lock().unwrap().pop().expect("the call").start());
    assert!(matches!(future.result(), Err(TaskError::PoolShutDown)));
}

/// Panics when it is dropped.
#[derive(serde::Serialize, serde::Deserialize)]
struct Armed;

impl Drop for Armed {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[pool_task(process)]
fn late(gate: &Path) -> Armed {
    gate::pass(gate);
    Armed
}

#[test]
fn a_late_value_that_panics_when_it_is_dropped_does_not_reach_the_backend() {
    limited(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let gate = Gate::new(folder.path(), "gate");
        let shelf = Shelf::default();
        let future = shelf.submit(late::task(gate.path()).timeout(Duration::ZERO));
        let job = shelf.local.lock().unwrap().pop().expect("the call");
        let runs = std::thread::spawn(move || job.run());
        let waiting = gate.await_task();
        assert!(matches!(future.result(), Err(TaskError::TimedOut { .. })));
        waiting.open();
        runs.join().expect("`run` never panics");
    });
}
