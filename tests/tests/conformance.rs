//! What every executor promises, written once and run for each of them through
//! the one interface.

#![allow(clippy::unnecessary_wraps, reason = "every test of the suite has one signature")]
#![expect(clippy::unwrap_used, reason = "a poisoned lock fails the test")]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use executor_runtime::prelude::*;
use executor_runtime::{Payload, Run, Transport};
use executor_tests::gate::{self, Gate};
use executor_tests::tasks::*;
use executor_tests::watchdog::limited;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Makes each function of the suite a test for each executor.
macro_rules! suite {
    ($($name:ident)*) => {
        mod threads {
            $(#[test]
            fn $name() -> super::Outcome {
                super::limited(|| super::$name(&|workers| Box::new(super::ThreadPoolExecutor::new(workers).expect("a pool"))))
            })*
        }
        mod processes {
            $(#[test]
            fn $name() -> super::Outcome {
                super::limited(|| super::$name(&|workers| Box::new(super::ProcessPoolExecutor::new(workers).expect("a pool"))))
            })*
        }
        mod processes_over_ipc_channel {
            $(#[test]
            fn $name() -> super::Outcome {
                super::limited(|| super::$name(&|workers| {
                    let builder = super::ProcessPoolExecutor::builder().transport(super::Transport::IpcChannel);
                    Box::new(builder.max_workers(workers).build().expect("a pool"))
                }))
            })*
        }
        mod a_wrapper_of_processes {
            $(#[test]
            fn $name() -> super::Outcome {
                super::limited(|| super::$name(&|workers| Box::new(super::Wrapper::new(workers))))
            })*
        }
    };
}

/// How a test gets its executor.
type Make<'a> = &'a dyn Fn(usize) -> Box<dyn Executor>;

suite! {
    submit_gives_the_value
    arguments_may_borrow
    a_path_need_not_be_utf_8
    any_number_of_arguments_up_to_twelve
    a_result_of_the_task_is_its_value
    a_panic_is_the_futures_error
    an_argument_that_cannot_be_encoded_fails_its_task_only
    an_argument_that_panics_when_it_is_encoded_fails_its_task_only
    map_yields_in_order
    map_takes_several_arguments
    a_failed_item_costs_only_itself
    map_is_lazy_and_bounded
    an_endless_input_works
    a_dropped_map_cancels_what_has_not_started
    a_queued_task_can_be_cancelled
    a_running_task_cannot_be_cancelled
    states_follow_the_task
    a_wait_that_runs_out_of_time_keeps_the_future
    a_taken_value_is_gone
    a_future_can_be_awaited
    callbacks_run_in_order_and_may_panic
    a_callback_on_a_done_future_runs_at_once
    a_callback_may_submit
    what_is_done_can_be_taken
    a_callback_cannot_undo_a_cancelling_shutdown
    wait_for_all
    wait_for_the_first
    wait_for_the_first_failure
    wait_gives_up_in_time
    as_completed_yields_in_order_of_completion
    as_completed_says_how_many_are_left
    shutdown_drains
    shutdown_can_cancel
    after_a_shutdown_submit_fails_in_the_future
    a_shutdown_can_be_repeated
    dropping_the_executor_drains
    a_dropped_future_does_not_stop_its_task
    many_threads_can_submit
    a_time_limit_counts_from_the_start
    a_scope_waits_for_what_it_started
    every_kind_of_reference_takes_a_task
}

/// An executor that a user could write around another one.
struct Wrapper {
    inner: ProcessPoolExecutor,
}

impl Wrapper {
    fn new(workers: usize) -> Self {
        Self { inner: ProcessPoolExecutor::new(workers).expect("a pool") }
    }
}

impl Executor for Wrapper {
    fn start(&self, run: Run<'_>) {
        self.inner.start(run);
    }
    fn shutdown(&self, how: Shutdown) {
        self.inner.shutdown(how);
    }
    fn max_workers(&self) -> usize {
        self.inner.max_workers()
    }
}

fn submit_gives_the_value(make: Make<'_>) -> Outcome {
    let pool = make(2);
    assert_eq!(pool.submit(square::task(12)).result()?, 144);
    pool.submit(nothing::task()).result()?;
    Ok(())
}

fn arguments_may_borrow(make: Make<'_>) -> Outcome {
    let pool = make(1);
    let text = String::from("a rose is a rose");
    let map = BTreeMap::from([("k".to_owned(), 1), ("l".to_owned(), 2)]);
    let numbers = [1, -2, 40];
    let future = pool.submit(borrowed::task(&text, &[0, 255], Path::new("/tmp/x"), &numbers, &map));
    drop(text.clone());
    let shapes = future.result()?;
    let keys = vec!["k".to_owned(), "l".to_owned()];
    assert_eq!(shapes, Shapes { text, bytes: 2, path_bytes: 6, sum: 39, keys });
    Ok(())
}

fn a_path_need_not_be_utf_8(make: Make<'_>) -> Outcome {
    let pool = make(1);
    let path = Path::new(OsStr::from_bytes(b"/tmp/\xff\xfe"));
    let shapes = pool.submit(borrowed::task("", b"", path, &[], &BTreeMap::new())).result()?;
    assert_eq!(shapes.path_bytes, 7);
    Ok(())
}

fn any_number_of_arguments_up_to_twelve(make: Make<'_>) -> Outcome {
    let pool = make(1);
    let call = twelve::task(1, 2, 3, 4, -5, -6, -7, -8, 9, true, 'k', "l".into());
    assert_eq!(pool.submit(call).result()?, "1 2 3 4 -5 -6 -7 -8 9 true k l");
    Ok(())
}

fn a_result_of_the_task_is_its_value(make: Make<'_>) -> Outcome {
    let pool = make(1);
    assert_eq!(pool.submit(parse::task("42")).result()??, 42);
    let error = pool.submit(parse::task("x")).result()?.expect_err("no number");
    assert!(error.contains("invalid digit"), "{error}");
    Ok(())
}

fn a_panic_is_the_futures_error(make: Make<'_>) -> Outcome {
    let pool = make(1);
    let error = pool.submit(panic_with::task(13)).result().expect_err("a panic");
    let TaskError::Panicked(report) = &error else { panic!("{error:?}") };
    assert_eq!(report.message, "number 13 is bad");
    assert!(report.location.as_ref().is_some_and(|at| at.contains("tasks.rs:")), "{report:?}");
    assert_eq!(pool.submit(square::task(3)).result()?, 9, "the pool goes on");
    Ok(())
}

fn an_argument_that_cannot_be_encoded_fails_its_task_only(make: Make<'_>) -> Outcome {
    let pool = make(1);
    // On threads a call that borrows nothing is never encoded.
    if let Err(error) = pool.submit(take_unwritable::task(Unwritable)).result() {
        let TaskError::Encode(failure) = &error else { panic!("{error:?}") };
        assert_eq!(failure.what, Payload::Arguments);
        assert!(error.to_string().contains("arguments of `executor_tests::tasks::take_unwritable`"), "{error}");
    }
    assert_eq!(pool.submit(square::task(3)).result()?, 9);
    Ok(())
}

fn an_argument_that_panics_when_it_is_encoded_fails_its_task_only(make: Make<'_>) -> Outcome {
    let pool = make(1);
    let future = pool.submit(borrow_panics_when_written::task(&PanicsWhenWritten));
    assert!(matches!(future.result(), Err(TaskError::Panicked(_))));
    let values = [PanicsWhenWritten, PanicsWhenWritten];
    let results: Vec<_> = pool.map(borrow_panics_when_written::task, &values).chunk_size(2).collect();
    assert!(results.len() == 2 && results.iter().all(|result| matches!(result, Err(TaskError::Panicked(_)))));
    assert_eq!(pool.submit(square::task(3)).result()?, 9);
    Ok(())
}

fn map_yields_in_order(make: Make<'_>) -> Outcome {
    let pool = make(3);
    let squares: Vec<u64> = pool.map(square::task, 0..500).collect::<Result<_, _>>()?;
    assert_eq!(squares, (0..500).map(square).collect::<Vec<_>>());
    Ok(())
}

fn map_takes_several_arguments(make: Make<'_>) -> Outcome {
    let pool = make(2);
    let text = String::from("a rose is a rose");
    let hits: Vec<usize> = pool.map(|word| count::task(&text, word), ["rose", "a", "x"]).collect::<Result<_, _>>()?;
    assert_eq!(hits, [2, 2, 0]);
    Ok(())
}

fn a_failed_item_costs_only_itself(make: Make<'_>) -> Outcome {
    let pool = make(2);
    let results: Vec<_> = pool.map(|n| panic_on::task(n, 2), 0..6).collect();
    for (n, result) in (0..).zip(&results) {
        assert_eq!(result.as_ref().ok(), (n != 2).then_some(&n));
    }
    Ok(())
}

fn map_is_lazy_and_bounded(make: Make<'_>) -> Outcome {
    let pool = make(1);
    let pulled = std::cell::Cell::new(0);
    let items = (0..100_u64).inspect(|_| pulled.set(pulled.get() + 1));
    let mut map = pool.map(square::task, items).buffer_size(5);
    assert_eq!(pulled.get(), 0);
    assert_eq!(map.next().expect("an item")?, 0);
    assert_eq!(pulled.get(), 5);
    assert_eq!(map.next().expect("an item")?, 1);
    assert_eq!(pulled.get(), 6);
    assert_eq!(map.size_hint(), (98, Some(98)));
    Ok(())
}

fn an_endless_input_works(make: Make<'_>) -> Outcome {
    let pool = make(2);
    let first: Vec<u64> = pool.map(square::task, 0..).take(5).collect::<Result<_, _>>()?;
    assert_eq!(first, [0, 1, 4, 9, 16]);
    Ok(())
}

fn a_dropped_map_cancels_what_has_not_started(make: Make<'_>) -> Outcome {
    let pool = make(1);
    let folder = tempfile::tempdir()?;
    let gates: Vec<Gate> = (0..3).map(|n| Gate::new(folder.path(), &n.to_string())).collect();
    let mut map = pool.map(gate::pass::task, gates.iter().map(Gate::path)).buffer_size(3);
    std::thread::scope(|scope| {
        // Opens the first gate and holds the second task at its gate.
        let second = scope.spawn(|| {
            gates[0].await_task().open();
            gates[1].await_task()
        });
        map.next().expect("the first item").expect("its value");
        let second = second.join().expect("the second task");
        drop(map);
        second.open();
    });
    // The third never runs: this would wait at its gate for ever.
    assert_eq!(pool.submit(square::task(2)).result()?, 4);
    Ok(())
}

fn a_queued_task_can_be_cancelled(make: Make<'_>) -> Outcome {
    let pool = make(1);
    let folder = tempfile::tempdir()?;
    let gate = Gate::new(folder.path(), "gate");
    let busy = pool.submit(gate::pass::task(gate.path()));
    let running = gate.await_task();
    let queued = pool.submit(abort::task());
    assert!(queued.cancel() && queued.cancel(), "cancelling twice is no error");
    assert!(queued.is_cancelled() && queued.is_done());
    assert!(matches!(queued.result(), Err(TaskError::Cancelled)), "done at once, with the worker still busy");
    running.open();
    busy.result()?;
    Ok(())
}

fn a_running_task_cannot_be_cancelled(make: Make<'_>) -> Outcome {
    let pool = make(1);
    let folder = tempfile::tempdir()?;
    let gate = Gate::new(folder.path(), "gate");
    let busy = pool.submit(gate::pass::task(gate.path()));
    let running = gate.await_task();
    assert!(!busy.cancel() && busy.is_running());
    running.open();
    busy.result()?;
    Ok(())
}

fn states_follow_the_task(make: Make<'_>) -> Outcome {
    let pool = make(1);
    let folder = tempfile::tempdir()?;
    let gate = Gate::new(folder.path(), "gate");
    let busy = pool.submit(gate::pass::task(gate.path()));
    let queued = pool.submit(panic_with::task(1));
    let running = gate.await_task();
    assert_eq!((busy.state(), queued.state()), (State::Running, State::Pending));
    assert_eq!(format!("{queued:?}"), format!("TaskFuture({} pending)", queued.id()));
    running.open();
    let waited = wait([&queued], None, ReturnWhen::AllCompleted);
    assert_eq!((waited.done.len(), queued.state()), (1, State::Failed));
    assert_eq!(busy.state(), State::Finished);
    Ok(())
}

fn a_wait_that_runs_out_of_time_keeps_the_future(make: Make<'_>) -> Outcome {
    let pool = make(1);
    let folder = tempfile::tempdir()?;
    let gate = Gate::new(folder.path(), "gate");
    let mut busy = pool.submit(gate::pass::task(gate.path()));
    let running = gate.await_task();
    assert!(busy.try_result().is_none());
    let timeout = busy.result_timeout(Duration::from_millis(5)).expect_err("too early");
    assert_eq!(timeout.to_string(), "1 (of 1) futures unfinished");
    assert!(busy.result_timeout(Duration::ZERO).is_err());
    running.open();
    busy.result_timeout(Duration::MAX)??;
    Ok(())
}

fn a_taken_value_is_gone(make: Make<'_>) -> Outcome {
    let pool = make(1);
    let mut future = pool.submit(square::task(3));
    wait([&future], None, ReturnWhen::AllCompleted);
    assert_eq!(future.try_result().expect("done")?, 9);
    assert!(matches!(future.try_result(), Some(Err(TaskError::AlreadyTaken))));
    assert!(future.is_done());
    assert!(matches!(future.result(), Err(TaskError::AlreadyTaken)));
    Ok(())
}

fn a_future_can_be_awaited(make: Make<'_>) -> Outcome {
    let pool = make(2);
    let sum = futures::executor::block_on(async {
        let (a, b) = (pool.submit(square::task(3)), pool.submit(square::task(4)));
        Ok::<_, TaskError>(a.await? + b.await?)
    })?;
    assert_eq!(sum, 25);
    Ok(())
}

fn callbacks_run_in_order_and_may_panic(make: Make<'_>) -> Outcome {
    let pool = make(1);
    let folder = tempfile::tempdir()?;
    let gate = Gate::new(folder.path(), "gate");
    let future = pool.submit(gate::pass::task(gate.path()));
    let seen = Arc::new(Mutex::new(Vec::new()));
    for n in 0..3 {
        let seen = Arc::clone(&seen);
        future.on_done(move |result| {
            assert!(result.is_ok());
            seen.lock().unwrap().push(n);
            assert!(n != 1, "a callback panics");
        });
    }
    gate.await_task().open();
    future.result()?;
    assert_eq!(*seen.lock().unwrap(), [0, 1, 2]);
    assert_eq!(pool.submit(square::task(3)).result()?, 9);
    Ok(())
}

fn a_callback_on_a_done_future_runs_at_once(make: Make<'_>) -> Outcome {
    let pool = make(1);
    let future = pool.submit(square::task(3));
    wait([&future], None, ReturnWhen::AllCompleted);
    let here = std::thread::current().id();
    let (send, receive) = mpsc::channel();
    future.on_done(move |result| send.send((std::thread::current().id(), result.ok().copied())).expect("a receiver"));
    assert_eq!(receive.try_recv()?, (here, Some(9)));
    assert_eq!(future.result()?, 9);
    Ok(())
}

fn a_callback_may_submit(make: Make<'_>) -> Outcome {
    let pool: Arc<dyn Executor> = Arc::from(make(1));
    let (send, receive) = mpsc::channel();
    let again = Arc::clone(&pool);
    pool.submit(square::task(3)).on_done(move |result| {
        let n = *result.expect("a value");
        send.send(again.submit(square::task(n))).expect("a receiver");
    });
    assert_eq!(receive.recv()?.result()?, 81);
    Ok(())
}

fn what_is_done_can_be_taken(make: Make<'_>) -> Outcome {
    let pool = make(1);
    let (go, gate) = mpsc::channel::<()>();
    let folder = tempfile::tempdir()?;
    let stage = Gate::new(folder.path(), "gate");
    let mut future = pool.submit(gate::pass::task(stage.path()));
    let (entered, has_entered) = mpsc::channel();
    future.on_done(move |_| {
        entered.send(()).expect("a receiver");
        let _ = gate.recv();
    });
    stage.await_task().open();
    has_entered.recv()?;
    assert!(!future.is_done() && future.try_result().is_none(), "its callback still runs");
    drop(go);
    wait([&future], None, ReturnWhen::AllCompleted);
    assert!(future.is_done() && future.try_result().is_some());
    Ok(())
}

fn a_callback_cannot_undo_a_cancelling_shutdown(make: Make<'_>) -> Outcome {
    let pool: Arc<dyn Executor> = Arc::from(make(1));
    let folder = tempfile::tempdir()?;
    let gate = Gate::new(folder.path(), "gate");
    let busy = pool.submit(gate::pass::task(gate.path()));
    let running = gate.await_task();
    let queued: Vec<_> = (0..20).map(|n| pool.submit(square::task(n))).collect();
    let (again, mut running) = (Arc::clone(&pool), Some(running));
    queued[0].on_done(move |_| {
        // Lets the worker go on to the next task, if there were one, and waits for it.
        running.take().expect("one call").open();
        again.shutdown(Shutdown::Drain);
    });
    pool.shutdown(Shutdown::CancelPending);
    assert!(queued.iter().all(TaskFuture::is_cancelled));
    busy.result()?;
    Ok(())
}

fn wait_for_all(make: Make<'_>) -> Outcome {
    let pool = make(2);
    let futures: Vec<_> = (0..50).map(|n| pool.submit(panic_on::task(n, 7))).collect();
    let waited = wait(futures, None, ReturnWhen::AllCompleted);
    assert_eq!((waited.done.len(), waited.not_done.len()), (50, 0));
    for (n, future) in (0..).zip(waited.done) {
        assert_eq!(future.result().ok(), (n != 7).then_some(n), "in the order of the input");
    }
    let none: [TaskFuture<()>; 0] = [];
    assert!(wait(none, None, ReturnWhen::AllCompleted).done.is_empty());
    Ok(())
}

fn wait_for_the_first(make: Make<'_>) -> Outcome {
    let pool = make(2);
    let folder = tempfile::tempdir()?;
    let gates = [Gate::new(folder.path(), "0"), Gate::new(folder.path(), "1")];
    let futures = gates.each_ref().map(|gate| pool.submit(gate::pass::task(gate.path())));
    let running = gates.each_ref().map(Gate::await_task);
    let [first, second] = running;
    second.open();
    let waited = wait(&futures, None, ReturnWhen::FirstCompleted);
    assert_eq!(waited.done[0].id(), futures[1].id());
    assert_eq!(waited.not_done[0].id(), futures[0].id());
    first.open();
    Ok(())
}

fn wait_for_the_first_failure(make: Make<'_>) -> Outcome {
    let pool = make(2);
    let folder = tempfile::tempdir()?;
    let gate = Gate::new(folder.path(), "gate");
    let busy = pool.submit(gate::pass::task(gate.path()));
    let running = gate.await_task();
    let good = pool.submit(panic_on::task(1, 2));
    let bad = pool.submit(panic_on::task(2, 2));
    let futures = [busy, good, bad];
    let waited = wait(&futures, None, ReturnWhen::FirstFailure);
    assert_eq!((waited.done.len(), waited.not_done.len()), (2, 1));
    running.open();
    Ok(())
}

fn wait_gives_up_in_time(make: Make<'_>) -> Outcome {
    let pool = make(1);
    let folder = tempfile::tempdir()?;
    let gate = Gate::new(folder.path(), "gate");
    let futures = [pool.submit(square::task(1)), pool.submit(square::task(2))];
    wait(&futures, None, ReturnWhen::AllCompleted);
    let busy = pool.submit(gate::pass::task(gate.path()).timeout(Duration::from_secs(100)));
    let running = gate.await_task();
    let queued = pool.submit(gate::pass::task(gate.path()));
    let waited = wait([&busy, &queued], Some(Duration::from_millis(5)), ReturnWhen::AllCompleted);
    assert_eq!((waited.done.len(), waited.not_done.len()), (0, 2));
    assert!(queued.cancel());
    running.open();
    Ok(())
}

fn as_completed_yields_in_order_of_completion(make: Make<'_>) -> Outcome {
    let pool = make(2);
    let folder = tempfile::tempdir()?;
    let gates = [Gate::new(folder.path(), "0"), Gate::new(folder.path(), "1")];
    let futures = gates.each_ref().map(|gate| pool.submit(gate::pass::task(gate.path())));
    let [first, second] = gates.each_ref().map(Gate::await_task);
    let mut completed = as_completed(["first", "second"].into_iter().zip(futures));
    assert_eq!(completed.len(), 2);
    second.open();
    assert_eq!(completed.next().expect("one").0, "second");
    first.open();
    let (name, future) = completed.next().expect("the other");
    assert_eq!((name, future.is_done()), ("first", true));
    assert!(completed.next().is_none());
    Ok(())
}

fn as_completed_says_how_many_are_left(make: Make<'_>) -> Outcome {
    let pool = make(1);
    let folder = tempfile::tempdir()?;
    let gate = Gate::new(folder.path(), "gate");
    let done = [pool.submit(square::task(1)), pool.submit(square::task(2))].map(|future| {
        wait([&future], None, ReturnWhen::AllCompleted);
        future.id()
    });
    assert_eq!(done.len(), 2);
    let mut futures = vec![pool.submit(square::task(3)), pool.submit(square::task(3))];
    wait(&futures, None, ReturnWhen::AllCompleted);
    futures.push(pool.submit(gate::pass::task(gate.path())));
    let running = gate.await_task();
    futures.push(pool.submit(square::task(3)));
    let items: Vec<_> = as_completed(&futures).timeout(Duration::from_millis(5)).collect();
    assert_eq!(items.len(), 3);
    assert_eq!(items[2].as_ref().expect_err("too early").to_string(), "2 (of 4) futures unfinished");
    running.open();
    Ok(())
}

fn shutdown_drains(make: Make<'_>) -> Outcome {
    let pool = make(2);
    let futures: Vec<_> = (0..50).map(|n| pool.submit(square::task(n))).collect();
    pool.shutdown(Shutdown::Drain);
    for (n, future) in (0..).zip(futures) {
        assert!(future.is_done());
        assert_eq!(future.result()?, n * n);
    }
    Ok(())
}

fn shutdown_can_cancel(make: Make<'_>) -> Outcome {
    let pool = make(1);
    let folder = tempfile::tempdir()?;
    let gate = Gate::new(folder.path(), "gate");
    let busy = pool.submit(gate::pass::task(gate.path()));
    let queued: Vec<_> = (0..20).map(|n| pool.submit(square::task(n))).collect();
    let running = gate.await_task();
    std::thread::scope(|scope| {
        scope.spawn(|| pool.shutdown(Shutdown::CancelPending));
        let waited = wait(queued, None, ReturnWhen::AllCompleted);
        assert!(waited.done.iter().all(TaskFuture::is_cancelled), "cancelled futures are done for waiters");
        running.open();
    });
    assert!(busy.result().is_ok(), "what ran, ran to its end");
    Ok(())
}

fn after_a_shutdown_submit_fails_in_the_future(make: Make<'_>) -> Outcome {
    let pool = make(1);
    pool.shutdown(Shutdown::Drain);
    assert!(matches!(pool.submit(square::task(1)).result(), Err(TaskError::PoolShutDown)));
    let mut map = pool.map(square::task, 0..3);
    assert!(matches!(map.next(), Some(Err(TaskError::PoolShutDown))));
    let endless = pool.map(square::task, 0..).buffer_size(3);
    assert_eq!(endless.count(), 3, "what was submitted is told, and then it ends");
    Ok(())
}

fn a_shutdown_can_be_repeated(make: Make<'_>) -> Outcome {
    let pool = make(1);
    pool.submit(square::task(1)).result()?;
    for how in [Shutdown::Drain, Shutdown::CancelPending, Shutdown::Abort { grace: Duration::ZERO }, Shutdown::Drain] {
        pool.shutdown(how);
    }
    Ok(())
}

fn dropping_the_executor_drains(make: Make<'_>) -> Outcome {
    let pool = make(2);
    let futures: Vec<_> = (0..50).map(|n| pool.submit(square::task(n))).collect();
    drop(pool);
    assert!(futures.iter().all(|future| future.state() == State::Finished));
    Ok(())
}

fn a_dropped_future_does_not_stop_its_task(make: Make<'_>) -> Outcome {
    let folder = tempfile::tempdir()?;
    let gate = Gate::new(folder.path(), "gate");
    let pool = make(1);
    drop(pool.submit(gate::pass::task(gate.path())));
    // It has started nevertheless, or this would never return.
    gate.await_task().open();
    Ok(())
}

fn many_threads_can_submit(make: Make<'_>) -> Outcome {
    let pool = make(2);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let pool = &pool;
            scope.spawn(move || {
                let squares: Vec<u64> =
                    pool.map(square::task, thread..thread + 100).collect::<Result<_, _>>().expect("squares");
                assert_eq!(squares, (thread..thread + 100).map(square).collect::<Vec<_>>());
            });
        }
    });
    Ok(())
}

fn a_time_limit_counts_from_the_start(make: Make<'_>) -> Outcome {
    let pool = make(1);
    let folder = tempfile::tempdir()?;
    let (first, second) = (Gate::new(folder.path(), "first"), Gate::new(folder.path(), "second"));
    let limit = Duration::from_millis(200);
    let busy = pool.submit(gate::pass::task(first.path()));
    let queued = pool.submit(square::task(5).timeout(limit));
    let running = first.await_task();
    let mut slow = pool.submit(gate::pass::task(second.path()).timeout(limit));
    // Both limits would have passed by now if they counted from the submission.
    assert!(slow.result_timeout(limit * 2).is_err());
    running.open();
    busy.result()?;
    assert_eq!(queued.result()?, 25);
    let error = slow.result().expect_err("nobody opens its gate in time");
    // A thread is still at the gate; nobody is, where the worker was killed. And it is told which.
    let thread = second.try_await_task();
    let is_there = thread.is_some();
    assert!(matches!(error, TaskError::TimedOut { limit: told, goes_on, .. } if told == limit && goes_on == is_there));
    assert_eq!(error.to_string().ends_with("; its thread goes on"), is_there, "{error}");
    if let Some(thread) = thread {
        thread.open();
    }
    assert_eq!(pool.submit(square::task(6)).result()?, 36);
    Ok(())
}

fn a_scope_waits_for_what_it_started(make: Make<'_>) -> Outcome {
    let pool = make(2);
    let futures = pool.scope(|scope| (0..20).map(|n| scope.submit(square::task(n))).collect::<Vec<_>>());
    assert!(futures.iter().all(TaskFuture::is_done));
    assert_eq!(pool.submit(square::task(2)).result()?, 4, "the executor stays open");
    Ok(())
}

fn every_kind_of_reference_takes_a_task(make: Make<'_>) -> Outcome {
    fn by_impl(pool: &impl Executor, text: &str) -> Result<usize, TaskError> {
        pool.submit(count::task(text, "rose")).result()
    }
    fn by_dyn(pool: &dyn Executor, text: &str) -> Result<usize, TaskError> {
        pool.submit(count::task(text, "rose")).result()
    }
    let text = String::from("a rose");
    let pool: Box<dyn Executor> = make(1);
    assert_eq!((by_impl(&pool, &text)?, by_dyn(&*pool, &text)?), (1, 1));
    let shared: Arc<dyn Executor> = Arc::from(pool);
    assert_eq!((by_impl(&shared, &text)?, by_dyn(&*shared, &text)?, by_dyn(&shared, &text)?), (1, 1, 1));
    Ok(())
}
