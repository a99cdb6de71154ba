//! Futures by themselves: promises, handles, errors that are looked at, and several futures at once.

#![expect(clippy::unwrap_used, reason = "a poisoned lock fails the test")]

use std::any::Any;
use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::process::Command;
use std::sync::{Arc, Mutex, Once, mpsc};

use executor_runtime::prelude::*;
use executor_runtime::{PanicReport, Promise, Run, TaskHandle, TaskId, promise, set_unobserved_failure_hook};
use executor_tests::gate::{self, Gate};
use executor_tests::tasks::*;
use executor_tests::watchdog::limited;
use futures::{FutureExt, Stream, StreamExt};

type Outcome = Result<(), Box<dyn Error>>;

/// Which of three things happened to a promise that a test keeps or cancels from elsewhere.
fn kept(result: Result<i32, TaskError>) -> &'static str {
    match result {
        Ok(_) => "kept",
        Err(TaskError::Cancelled) => "cancelled",
        Err(TaskError::Abandoned) => "abandoned",
        Err(error) => panic!("{error:?}"),
    }
}

#[test]
fn a_promise_is_kept_once_or_abandoned() -> Outcome {
    let (promise_kept, future) = promise();
    assert_eq!(promise_kept.id(), future.id());
    assert_eq!(promise_kept.complete(1), Ok(()));
    assert_eq!(future.result()?, 1);

    let (failed, future) = promise::<i32>();
    assert!(failed.fail(TaskError::PoolShutDown));
    assert!(matches!(future.result(), Err(TaskError::PoolShutDown)));

    let (abandoned, future) = promise();
    drop(abandoned);
    assert_eq!(kept(future.result()), "abandoned");

    let (started, future) = promise();
    drop(started.start().expect("not cancelled"));
    assert_eq!(kept(future.result()), "abandoned");
    Ok(())
}

#[test]
fn a_cancelled_promise_gives_the_value_back() {
    let (promise_cancelled, future) = promise();
    assert!(!promise_cancelled.is_cancelled());
    assert!(future.cancel());
    assert!(promise_cancelled.is_cancelled() && future.is_cancelled());
    assert_eq!(promise_cancelled.complete(String::from("mine")), Err(String::from("mine")));

    let (promise_cancelled, future) = promise::<i32>();
    assert!(future.cancel());
    assert!(!promise_cancelled.fail(TaskError::PoolShutDown));
    assert_eq!(kept(future.result()), "cancelled");

    let (promise_cancelled, future) = promise::<i32>();
    assert!(future.cancel());
    assert!(promise_cancelled.start().is_none());
    assert_eq!(kept(future.result()), "cancelled", "and not abandoned");
}

#[test]
fn a_started_promise_cannot_be_cancelled() -> Outcome {
    let (promise, future) = promise();
    let running = promise.start().expect("not cancelled");
    assert!(future.is_running() && !future.cancel());
    assert_eq!(format!("{running:?}"), format!("RunningPromise({} running)", running.id()));
    running.complete(3);
    assert_eq!(future.result()?, 3);
    Ok(())
}

#[test]
fn a_promise_whose_future_is_gone_may_be_kept() {
    let value = Arc::new(());
    let (promise, future) = promise();
    drop(future);
    assert!(promise.complete(Arc::clone(&value)).is_ok());
    assert_eq!(Arc::strong_count(&value), 1, "nobody can take the value any more");
}

#[test]
fn promises_mix_with_tasks() {
    limited(|| {
        let pool = ThreadPoolExecutor::new(1).expect("a pool");
        let (promise, promised) = promise();
        let task = pool.submit(|| 1);
        let keeper = pool.submit(move || promise.complete(2).expect("not cancelled"));
        let mut values: Vec<_> = as_completed([task, promised]).map(|future| future.result().expect("kept")).collect();
        values.sort_unstable();
        assert_eq!(values, [1, 2]);
        keeper.result().expect("it kept the promise");
    });
}

#[test]
fn an_error_is_looked_at_without_taking_the_result() -> Outcome {
    let pool = ThreadPoolExecutor::new(1)?;
    let good = pool.submit(|| 5);
    assert!(good.error().is_none() && good.error().is_none());
    assert_eq!(good.result()?, 5);

    let bad = pool.submit(|| -> i32 { panic!("bad") });
    assert!(matches!(bad.error(), Some(TaskError::Panicked(report)) if report.message == "bad"));
    assert!(matches!(bad.result(), Err(TaskError::Panicked(report)) if report.message == "bad"));

    let (_promise, cancelled) = promise::<i32>();
    assert!(cancelled.cancel());
    assert!(matches!(cancelled.error(), Some(TaskError::Cancelled)));
    Ok(())
}

#[test]
fn looking_at_an_error_gives_up_in_time() -> Outcome {
    let (promise, future) = promise();
    let timeout = future.error_timeout(Duration::ZERO).expect_err("nothing has happened");
    assert_eq!(timeout.to_string(), "1 (of 1) futures unfinished");
    assert_eq!(promise.complete(1), Ok(()));
    assert!(future.error_timeout(Duration::MAX)?.is_none());
    assert_eq!(future.result()?, 1);
    Ok(())
}

#[test]
fn what_is_done_stays_done_while_a_late_callback_runs() {
    limited(|| {
        for failed in [false, true] {
            let (promise, future) = promise();
            if failed {
                promise.fail(failure());
            } else {
                promise.complete(5).expect("nobody cancels it");
            }
            let ((entered, is_in), (go, wait_for_it)) = (mpsc::channel(), mpsc::channel());
            std::thread::scope(|scope| {
                let future = &future;
                scope.spawn(move || {
                    future.on_done(move |_| {
                        entered.send(()).expect("the test waits");
                        wait_for_it.recv().expect("the test lets it go");
                    });
                });
                is_in.recv().expect("the callback runs");
                assert!(future.is_done());
                let error = future.error_timeout(Duration::ZERO).expect("it is done");
                assert_eq!(error.is_some(), failed);
                assert_eq!(wait([future], Some(Duration::ZERO), ReturnWhen::AllCompleted).done.len(), 1);
                assert!(as_completed([future]).timeout(Duration::ZERO).next().is_some_and(|item| item.is_ok()));
                go.send(()).expect("it waits");
            });
        }
    });
}

#[test]
fn an_error_is_not_used_up_and_a_value_is() -> Outcome {
    let (promise_failed, mut failed) = promise::<i32>();
    promise_failed.fail(TaskError::PoolShutDown);
    for _ in 0..2 {
        assert!(matches!(failed.try_result(), Some(Err(TaskError::PoolShutDown))));
        assert!(matches!(failed.result_timeout(Duration::ZERO)?, Err(TaskError::PoolShutDown)));
    }
    let (promise_kept, mut future) = promise();
    assert_eq!(promise_kept.complete(1), Ok(()));
    assert!(matches!(future.try_result(), Some(Ok(1))));
    assert!(matches!(future.try_result(), Some(Err(TaskError::AlreadyTaken))));
    assert!(future.error().is_none(), "the task had none");
    Ok(())
}

#[test]
fn a_worker_that_looks_at_an_error_helps() {
    limited(|| {
        let pool = ThreadPoolExecutor::new(1).expect("a pool");
        let inner = pool.clone();
        let outer = pool.submit(move || inner.submit(|| 1).error().is_none());
        assert!(outer.result().expect("a value"));
    });
}

#[test]
fn the_debug_form_tells_the_state_also_after_the_value_was_taken() {
    let (keep, mut future) = promise::<Vec<String>>();
    let id = future.id();
    assert_eq!(format!("{future:?} {keep:?}"), format!("TaskFuture({id} pending) Promise({id} pending)"));
    let running = keep.start().expect("not cancelled");
    assert_eq!(format!("{future:?}"), format!("TaskFuture({id} running)"));
    running.complete(Vec::new());
    for _ in 0..2 {
        assert_eq!(format!("{future:?}"), format!("TaskFuture({id} finished ok Vec<String>)"));
        let _ = future.try_result();
    }
    let (fail, mut future) = promise::<i32>();
    let id = future.id();
    fail.fail(TaskError::TimedOut { limit: Duration::ZERO, attempts: 1, goes_on: false });
    for _ in 0..2 {
        assert_eq!(format!("{future:?}"), format!("TaskFuture({id} finished err TimedOut)"));
        let _ = future.try_result();
    }
    let (_cancel, future) = promise::<i32>();
    future.cancel();
    assert_eq!(format!("{future:?}"), format!("TaskFuture({} cancelled)", future.id()));
}

#[test]
fn a_handle_cancels_and_tells_without_the_type() -> Outcome {
    let pool = ProcessPoolExecutor::new(1)?;
    let folder = tempfile::tempdir()?;
    let gate = Gate::new(folder.path(), "gate");
    let busy = pool.submit(gate::pass::task(gate.path()));
    let running = gate.await_task();
    let queued = pool.submit(square::task(1));
    let (promise, promised) = promise::<String>();
    let handles: Vec<TaskHandle> = vec![busy.handle(), queued.handle(), promised.handle()];
    assert_eq!(handles.iter().map(TaskHandle::cancel).collect::<Vec<_>>(), [false, true, true]);
    assert!(promise.is_cancelled());
    assert_eq!(handles[0].state(), State::Running);
    running.open();
    busy.result()?;
    assert_eq!(handles[0].state(), State::Finished);
    let copy = handles[1].clone();
    assert_eq!(format!("{copy:?}"), format!("TaskHandle({} cancelled)", queued.id()));
    assert!(handles.iter().all(TaskHandle::is_done));
    Ok(())
}

#[test]
fn a_handle_keeps_neither_the_closure_nor_the_value() -> Outcome {
    let pool = ThreadPoolExecutor::new(1)?;
    let (captured, value) = (Arc::new(()), Arc::new(()));
    let (inner, given) = (Arc::clone(&captured), Arc::clone(&value));
    let future = pool.submit(move || {
        drop(inner);
        given
    });
    let handle = future.handle();
    drop(future.result()?);
    let cancelled = pool.submit({
        let held = Arc::clone(&captured);
        move || held
    });
    let outcome = cancelled.handle();
    outcome.cancel();
    drop(cancelled);
    pool.shutdown(Shutdown::Drain);
    assert!(outcome.is_done());
    assert_eq!((Arc::strong_count(&captured), Arc::strong_count(&value)), (1, 1));
    assert!(handle.is_done());
    Ok(())
}

/// Touches what it borrows when it is dropped.
struct Borrower<'a>(&'a Mutex<i32>);

impl Drop for Borrower<'_> {
    fn drop(&mut self) {
        *self.0.lock().unwrap() += 1;
    }
}

#[test]
fn a_handle_may_outlive_the_scope_of_its_task() -> Outcome {
    let pool = ThreadPoolExecutor::new(1)?;
    let mut handles = Vec::new();
    {
        let text = String::from("borrowed");
        let dropped = Mutex::new(0);
        pool.scope(|scope| {
            let (go, gate) = mpsc::channel::<()>();
            let busy = scope.submit(move || gate.recv().is_ok());
            let (text, dropped) = (&text, &dropped);
            let value = scope.submit(move || (text.as_str(), Borrower(dropped)));
            let captured = Borrower(dropped);
            let cancelled = scope.submit(move || captured.0.lock().is_ok());
            handles.extend([busy.handle(), value.handle(), cancelled.handle()]);
            assert!(handles[2].cancel());
            go.send(()).expect("the first task waits");
        });
        assert_eq!(*dropped.lock().unwrap(), 2, "closure and value are gone with the scope");
    }
    assert_eq!(
        handles.iter().map(TaskHandle::state).collect::<Vec<_>>(),
        [State::Finished, State::Finished, State::Cancelled]
    );
    assert!(handles[2].cancel() && !handles[1].cancel());
    assert!(format!("{:?}", handles[1]).contains("finished ok (&str, Borrower"), "{:?}", handles[1]);
    Ok(())
}

#[test]
fn a_future_tells_where_it_was_submitted() -> Outcome {
    let (threads, processes) = (ThreadPoolExecutor::new(1)?, ProcessPoolExecutor::new(1)?);
    let backend: &dyn Executor = &processes;
    let line = line!();
    let places = [
        threads.submit(|| 1_u64).submitted_at(),
        processes.submit(square::task(1)).submitted_at(),
        backend.submit(square::task(1)).submitted_at(),
        threads.scope(|scope| scope.submit(|| 1).submitted_at()),
        processes.scope(|scope| scope.submit(square::task(1)).submitted_at()),
        promise::<i32>().1.submitted_at(),
    ];
    for (place, line) in places.iter().zip(line + 2..) {
        assert_eq!((place.file(), place.line()), (file!(), line));
    }
    Ok(())
}

#[test]
fn what_is_done_with_a_promise_is_seen_from_any_thread() {
    limited(|| {
        let (promises, futures): (Vec<Promise<usize>>, Vec<_>) = (0..100).map(|_| promise()).unzip();
        let keepers: Vec<_> = promises
            .into_iter()
            .enumerate()
            .map(|(n, promise)| std::thread::spawn(move || promise.complete(n)))
            .collect();
        for (n, future) in futures.into_iter().enumerate() {
            assert_eq!(future.result().expect("kept"), n);
        }
        for keeper in keepers {
            assert_eq!(keeper.join().expect("a thread"), Ok(()));
        }
    });
}

#[test]
fn the_same_future_given_twice_is_one() {
    let (promise_first, first) = promise();
    let (_pending, second) = promise::<i32>();
    assert_eq!(promise_first.complete(1), Ok(()));
    let waited = wait([&first, &second, &first, &second], Some(Duration::ZERO), ReturnWhen::AllCompleted);
    let ids = |futures: &[&TaskFuture<i32>]| futures.iter().map(|future| future.id()).collect::<Vec<_>>();
    assert_eq!((ids(&waited.done), ids(&waited.not_done)), (vec![first.id()], vec![second.id()]));

    assert_eq!(as_completed([&first, &first]).count(), 1);
    let mut all = as_completed([&first, &second, &first, &second]).timeout(Duration::ZERO);
    assert_eq!(all.next().expect("the first one").map(TaskFuture::id), Ok(first.id()));
    let timeout = all.next().expect("the time-out").expect_err("the second one is pending");
    assert_eq!(timeout.to_string(), "1 (of 2) futures unfinished");
}

#[test]
fn pairs_of_one_future_are_not_merged() {
    let (promise, future) = promise();
    assert_eq!(promise.complete(1), Ok(()));
    let pairs = [("a", &future), ("b", &future), ("a", &future)];
    let waited = wait(pairs, None, ReturnWhen::AllCompleted);
    assert_eq!(waited.done.iter().map(|(key, _)| *key).collect::<Vec<_>>(), ["a", "b", "a"]);
    assert_eq!(as_completed(pairs).map(|(key, _)| key).collect::<Vec<_>>(), ["a", "b", "a"]);
    assert_eq!(wait(&pairs, None, ReturnWhen::AllCompleted).done.len(), 3);
}

#[test]
fn a_limit_of_zero_yields_what_is_done_and_then_says_what_is_not() {
    let (promises, futures): (Vec<_>, Vec<_>) = (0..4).map(|_| promise()).unzip();
    let mut promises = promises.into_iter();
    for n in 0..2 {
        assert_eq!(promises.next().expect("a promise").complete(n), Ok(()));
    }
    let mut all = as_completed(futures).timeout(Duration::ZERO);
    for n in 0..2 {
        assert_eq!(all.next().expect("done").expect("done").result().ok(), Some(n));
    }
    let timeout = all.next().expect("the time-out").expect_err("two are pending");
    assert_eq!(timeout.to_string(), "2 (of 4) futures unfinished");
    assert!(all.next().is_none());
}

#[test]
fn a_pushed_future_is_yielded_as_well() {
    limited(|| {
        let pool = ThreadPoolExecutor::new(1).expect("a pool");
        let count = |n: u32| pool.submit(move || n);
        let mut all = as_completed([count(3)]);
        let mut seen = Vec::new();
        while let Some(future) = all.next() {
            let n = future.result().expect("a value");
            seen.push(n);
            if n > 0 {
                all.push(count(n - 1));
            }
        }
        assert_eq!(seen, [3, 2, 1, 0]);
        let mut all = all.timeout(Duration::MAX);
        all.push(count(7));
        assert_eq!(all.next().expect("an item").expect("no time-out").result().ok(), Some(7));
        assert!(all.next().is_none());
    });
}

#[test]
fn a_future_that_is_pushed_while_it_is_waited_for_is_one() {
    let (_pending, pending) = promise::<i32>();
    let (promise, future) = promise();
    let mut all = as_completed([&pending]);
    all.push(&pending);
    assert_eq!(all.len(), 1);
    assert_eq!(promise.complete(1), Ok(()));
    all.push(&future);
    for _ in 0..2 {
        assert_eq!(all.next().map(TaskFuture::id), Some(future.id()));
        all.push(&future);
    }
    all.push(&future);
    assert_eq!(all.len(), 2, "what was yielded may come again, and once");
}

#[test]
fn a_worker_helps_what_is_pushed() {
    limited(|| {
        let pool = ThreadPoolExecutor::new(1).expect("a pool");
        let inner = pool.clone();
        let outer = pool.submit(move || {
            let mut all = as_completed([inner.submit(|| 1)]);
            let first = all.next().map(TaskFuture::result);
            all.push(inner.submit(|| 2));
            (first.is_some(), all.next().is_some())
        });
        assert_eq!(outer.result().expect("a value"), (true, true));
    });
}

#[test]
fn a_stream_yields_in_order_of_completion_and_takes_more() {
    limited(|| {
        let (promises, futures): (Vec<_>, Vec<_>) = (0..3).map(|_| promise()).unzip();
        let mut stream = as_completed(futures).stream();
        assert_eq!(stream.size_hint(), (3, Some(3)));
        assert!(stream.next().now_or_never().is_none(), "nothing is done");
        let (go, gate) = mpsc::channel::<()>();
        let keeper = std::thread::spawn(move || {
            for (n, promise) in promises.into_iter().enumerate().rev() {
                gate.recv().expect("the stream");
                promise.complete(n).expect("not cancelled");
            }
        });
        futures::executor::block_on(async {
            for n in (0..3).rev() {
                go.send(()).expect("the keeper");
                assert_eq!(stream.next().await.expect("a future").await.expect("kept"), n);
            }
            assert!(stream.next().await.is_none());
            let (promise, future) = promise();
            stream.push(future);
            assert_eq!(promise.complete(7), Ok(()));
            assert_eq!(stream.next().await.expect("a future").await.expect("kept"), 7);
        });
        keeper.join().expect("the keeper");
    });
}

/// A waker that panics: a runtime's fault must not reach whoever ends the future.
struct Broken;

impl std::task::Wake for Broken {
    fn wake(self: Arc<Self>) {
        panic!("in a waker");
    }
}

#[test]
fn a_panicking_waker_of_a_stream_harms_nobody() {
    let (promise, future) = promise();
    let mut stream = as_completed([&future]).stream();
    let waker = Arc::new(Broken).into();
    assert!(stream.poll_next_unpin(&mut std::task::Context::from_waker(&waker)).is_pending());
    assert_eq!(promise.complete(1), Ok(()));
    assert!(stream.poll_next_unpin(&mut std::task::Context::from_waker(&waker)).is_ready());
}

/// What the hook was told by now about one task of this test program.
fn told(id: TaskId) -> Vec<String> {
    all_told().into_iter().filter(|(told, _)| *told == id).map(|(_, text)| text).collect()
}

fn all_told() -> Vec<(TaskId, String)> {
    static TOLD: Mutex<Vec<(TaskId, String)>> = Mutex::new(Vec::new());
    static SET: Once = Once::new();
    SET.call_once(|| {
        set_unobserved_failure_hook(|failure| {
            TOLD.lock().unwrap().push((failure.id(), failure.to_string()));
            assert!(!failure.to_string().contains("panic in the hook"), "as it was told to");
        });
    });
    TOLD.lock().unwrap().clone()
}

/// A promise and its future, once the hook is there.
fn watched() -> (Promise<i32>, TaskFuture<i32>, TaskId) {
    let (promise, future) = promise();
    let id = future.id();
    assert!(told(id).is_empty());
    (promise, future, id)
}

fn failure() -> TaskError {
    TaskError::UnknownTask { name: "f".to_owned() }
}

#[test]
fn a_failure_that_nobody_looked_at_is_told_once() -> Outcome {
    // The future is dropped after the end, before it, and while the task is in a pool.
    let (promise, future, after) = watched();
    promise.fail(failure());
    drop(future);
    assert_eq!(told(after).len(), 1);
    assert!(told(after)[0].contains(&format!("task {after}, submitted at {}:", file!())), "{:?}", told(after));

    let (promise, future, before) = watched();
    drop(future);
    assert!(told(before).is_empty());
    promise.fail(failure());
    assert_eq!(told(before).len(), 1);

    let pool = ThreadPoolExecutor::new(1)?;
    let (go, gate) = mpsc::channel::<()>();
    let future = pool.submit(move || {
        let _ = gate.recv();
        panic!("in the task")
    });
    let detached = future.id();
    drop::<TaskFuture<()>>(future);
    drop(go);
    pool.shutdown(Shutdown::Drain);
    assert_eq!(told(detached).len(), 1);
    assert!(told(detached)[0].ends_with("in the task"), "{:?}", told(detached));
    Ok(())
}

#[test]
fn a_failure_that_somebody_saw_is_not_told() {
    let look: [fn(TaskFuture<i32>); 6] = [
        |future| drop(future.result()),
        |mut future| drop(future.try_result()),
        |mut future| drop(future.result_timeout(Duration::ZERO)),
        |future| drop(futures::executor::block_on(future)),
        |future| drop(future.error()),
        |future| future.on_done(|result| assert!(result.is_err())),
    ];
    for look in look {
        let (promise, future, id) = watched();
        promise.fail(failure());
        look(future);
        assert!(told(id).is_empty(), "{:?}", told(id));
    }
    let (promise, future, id) = watched();
    future.on_done(|result| assert!(result.is_err()));
    drop(future);
    promise.fail(failure());
    assert!(told(id).is_empty(), "{:?}", told(id));

    let (promise, future, id) = watched();
    promise.fail(failure());
    let waited = wait([future], None, ReturnWhen::FirstFailure);
    assert_eq!((waited.done[0].state(), told(id).len()), (State::Failed, 0));
    drop(waited);
    assert_eq!(told(id).len(), 1, "its state is not why it failed");
}

#[test]
fn what_somebody_wanted_is_no_failure() -> Outcome {
    let (promise_cancelled, future, cancelled) = watched();
    future.cancel();
    drop((promise_cancelled, future));
    let (promise_kept, future, kept) = watched();
    assert_eq!(promise_kept.complete(1), Ok(()));
    drop(future);
    let pool = ThreadPoolExecutor::new(1)?;
    pool.shutdown(Shutdown::Drain);
    let refused = pool.submit(|| 1).id();
    for id in [cancelled, kept, refused] {
        assert!(told(id).is_empty(), "{:?}", told(id));
    }
    Ok(())
}

/// An executor that fails each call at once and notes its number.
#[derive(Default)]
struct Failing(Mutex<Vec<TaskId>>);

impl Failing {
    fn submit_noted(&self, n: u64) -> TaskFuture<u64> {
        let future = self.submit(square::task(n));
        self.0.lock().unwrap().push(future.id());
        future
    }
}

impl Executor for Failing {
    fn start(&self, run: Run<'_>) {
        run.refuse(failure());
    }
    fn shutdown(&self, _: Shutdown) {}
}

#[test]
fn what_an_iterator_did_not_yield_is_told_unless_it_is_a_map() {
    all_told();
    let executor = Failing::default();
    let mut all = as_completed([executor.submit_noted(1), executor.submit_noted(2)]);
    assert!(all.next().expect("a future").result().is_err());
    drop(all);
    let ids = executor.0.lock().unwrap().clone();
    assert_eq!(ids.iter().map(|id| told(*id).len()).collect::<Vec<_>>(), [0, 1]);

    let (line, mut map) = (line!(), executor.map(square::task, 0..3));
    assert!(map.next().expect("an item").is_err());
    drop(map);
    let told: Vec<_> =
        all_told().into_iter().filter(|(_, text)| text.contains(&format!("{}:{line}:", file!()))).collect();
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn a_panicking_hook_harms_nobody() {
    let (promise, future, id) = watched();
    drop(future);
    promise.fail(TaskError::UnknownTask { name: "panic in the hook".to_owned() });
    assert_eq!(told(id).len(), 1);
    let (promise, future, id) = watched();
    promise.fail(TaskError::UnknownTask { name: "panic in the hook".to_owned() });
    drop(future);
    assert_eq!(told(id).len(), 1);
}

/// The report of a task that has panicked.
fn report_of<T>(result: Result<T, TaskError>) -> Arc<PanicReport> {
    match result {
        Err(TaskError::Panicked(report)) => report,
        Err(error) => panic!("{error:?}"),
        Ok(_) => panic!("it did not panic"),
    }
}

/// The texts of an error and its sources.
fn chain_of(error: &(dyn Error + 'static)) -> Vec<String> {
    std::iter::successors(Some(error), |&error| error.source()).map(ToString::to_string).collect()
}

#[test]
fn a_panic_tells_where_its_task_was_submitted() -> Outcome {
    let (threads, processes) = (ThreadPoolExecutor::new(1)?, ProcessPoolExecutor::new(1)?);
    let line = line!();
    let reports = [
        report_of(threads.submit(|| -> () { panic!("here") }).result()),
        report_of(processes.submit(panic_with::task(1)).result()),
        report_of(threads.map(|n| move || assert_eq!(n, 1), 0..1).next().expect("an item")),
        report_of(processes.map(panic_with::task, 0..1).next().expect("an item")),
        threads.scope(|scope| report_of(scope.map(|n| move || assert_eq!(n, 1), 0..1).next().expect("an item"))),
        processes.scope(|scope| report_of(scope.map(panic_with::task, 0..1).next().expect("an item"))),
    ];
    for (report, line) in reports.iter().zip(line + 2..) {
        let place = report.submitted_at.expect("a place");
        assert_eq!((place.file(), place.line()), (file!(), line));
        let start = format!("the task submitted at {place} panicked in thread `");
        assert!(report.to_string().starts_with(&start), "{report}");
    }
    Ok(())
}

#[test]
fn an_error_that_is_panicked_with_is_kept_with_its_sources() -> Outcome {
    let (threads, processes) = (ThreadPoolExecutor::new(1)?, ProcessPoolExecutor::new(1)?);
    for pool in [&threads as &dyn Executor, &processes] {
        let error = pool.submit(panic_with_error::task("x")).result().expect_err("a panic");
        let chain = chain_of(&error);
        assert_eq!(chain.len(), 2, "{chain:?}");
        assert!(chain[0].ends_with(": that is refused"), "{chain:?}");
        assert_eq!(chain[1], "invalid digit found in string");
    }
    let report = report_of(threads.submit(|| -> () { std::panic::panic_any(TaskError::PoolShutDown) }).result());
    assert_eq!(report.message, "the pool was shut down");
    Ok(())
}

#[derive(Debug)]
struct Endless;

impl std::fmt::Display for Endless {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("and so on")
    }
}

impl Error for Endless {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self)
    }
}

#[derive(Debug)]
struct Unshowable;

impl std::fmt::Display for Unshowable {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("in an error's own text")
    }
}

impl Error for Unshowable {}

#[test]
fn an_error_that_is_panicked_with_may_be_mad() -> Outcome {
    type Boxed = Box<dyn Error + Send + Sync>;

    let pool = ThreadPoolExecutor::new(1)?;
    let endless = pool.submit(|| -> () { std::panic::panic_any::<Boxed>(Box::new(Endless)) }).result();
    assert_eq!(chain_of(&endless.expect_err("a panic")).len(), 17);
    let unshowable = pool.submit(|| -> () { std::panic::panic_any::<Boxed>(Box::new(Unshowable)) }).result();
    assert_eq!(report_of(unshowable).message, "an error that cannot be shown");
    Ok(())
}

/// Raises the panic of a task again, in a thread of its own, and gives what came out there.
fn raised_again(error: TaskError) -> Box<dyn Any + Send> {
    std::thread::spawn(move || drop(error.resume_unwind())).join().expect_err("a panic")
}

#[test]
fn a_panic_is_raised_again_with_what_was_panicked_with() -> Outcome {
    let (threads, processes) = (ThreadPoolExecutor::new(1)?, ProcessPoolExecutor::new(1)?);
    let error = threads.submit(|| -> () { std::panic::panic_any(7) }).result().expect_err("a panic");
    let copy = error.clone();
    assert_eq!(raised_again(error).downcast_ref(), Some(&7));
    let text = "a value that is no text".to_owned();
    assert_eq!(raised_again(copy).downcast_ref(), Some(&text), "its payload is gone");

    let error = processes.submit(panic_with::task(13)).result().expect_err("a panic");
    assert_eq!(raised_again(error).downcast_ref(), Some(&"number 13 is bad".to_owned()));
    assert!(matches!(TaskError::PoolShutDown.resume_unwind(), TaskError::PoolShutDown));
    Ok(())
}

#[test]
fn a_panic_that_is_raised_again_in_a_task_is_its_cause() -> Outcome {
    let (threads, processes) = (ThreadPoolExecutor::new(1)?, ProcessPoolExecutor::new(1)?);
    let inner = processes.submit(panic_with_error::task("x")).result().expect_err("a panic");
    let inner_chain = chain_of(&inner);
    let location = report_of::<()>(Err(inner.clone())).location.clone().expect("a place");
    let middle = threads.submit(move || drop(inner.resume_unwind())).result().expect_err("a panic");
    let middle_text = middle.to_string();
    let outer = threads.submit(move || drop(middle.resume_unwind())).result().expect_err("a panic");
    let chain = chain_of(&outer);
    assert_eq!(chain[1], middle_text);
    assert_eq!(chain[2..], inner_chain);
    assert!(chain[0].ends_with(&format!(" at {location}: that is refused")), "{chain:?}");
    Ok(())
}

#[test]
fn a_panic_that_was_raised_again_and_caught_is_nobodys_cause() -> Outcome {
    let pool = ThreadPoolExecutor::new(1)?;
    let next: [fn(); 2] = [|| panic!("another one"), || std::panic::resume_unwind(Box::new("another one"))];
    for next in next {
        let inner = pool.submit(|| -> () { std::panic::panic_any(7) }).result().expect_err("a panic");
        let outer = pool.submit(move || {
            let caught = std::panic::catch_unwind(AssertUnwindSafe(|| drop(inner.resume_unwind())));
            assert_eq!(caught.as_ref().expect_err("a panic").downcast_ref(), Some(&7));
            next();
        });
        let report = report_of(outer.result());
        assert_eq!((report.message.as_str(), &report.cause), ("another one", &None));
    }
    // Nothing tells two payloads apart that take no room, but that one of them has passed the hook.
    let inner = pool.submit(|| -> () { std::panic::panic_any(()) }).result().expect_err("a panic");
    let outer = pool.submit(move || {
        assert!(std::panic::catch_unwind(AssertUnwindSafe(|| drop(inner.resume_unwind()))).is_err());
        std::panic::panic_any(());
    });
    assert_eq!(report_of::<()>(outer.result()).cause, None);
    Ok(())
}

/// What it is dropped with is worse than it.
struct Vicious;

impl Drop for Vicious {
    fn drop(&mut self) {
        std::panic::panic_any(Self);
    }
}

#[test]
fn a_payload_that_panics_without_end_harms_nobody() {
    let pool = ThreadPoolExecutor::new(1).expect("a pool");
    let error = pool.submit(|| -> () { std::panic::panic_any(Vicious) }).result().expect_err("a panic");
    drop(error);
    let (promise, future) = promise();
    future.on_done(|_| std::panic::panic_any(Vicious));
    assert_eq!(promise.complete(1), Ok(()));
    assert_eq!(future.result().ok(), Some(1));
    assert_eq!(pool.submit(|| 2).result().ok(), Some(2));
}

#[test]
fn a_task_that_runs_while_another_one_unwinds_does_not_take_its_place() -> Outcome {
    /// Has its worker run a task while that unwinds.
    struct Helper(ThreadPoolExecutor);

    impl Drop for Helper {
        fn drop(&mut self) {
            assert!(self.0.submit(|| -> () { panic!("within") }).result().is_err());
        }
    }

    limited(|| {
        let pool = ThreadPoolExecutor::new(1)?;
        let helper = Helper(pool.clone());
        let line = line!() + 3;
        let outer = pool.submit(move || {
            let _helper = &helper;
            panic!("around");
        });
        let report = report_of::<()>(outer.result());
        assert_eq!(report.message, "around");
        let location = report.location.as_ref().expect("a place");
        assert!(location.contains(&format!("futures.rs:{line}:")), "{location}");
        Ok(())
    })
}

#[test]
fn a_backtrace_is_kept_where_it_is_asked_for() -> Outcome {
    const INNER: &str = "EXECUTOR_TESTS_BACKTRACE";

    // std reads the variable once for each process.
    let Ok(wanted) = std::env::var(INNER) else {
        for wanted in ["0", "1"] {
            let inner = Command::new(std::env::current_exe()?)
                .args(["--exact", "a_backtrace_is_kept_where_it_is_asked_for"])
                .envs([(INNER, wanted), ("RUST_BACKTRACE", wanted)])
                .env_remove("RUST_LIB_BACKTRACE")
                .output()?;
            let said = String::from_utf8_lossy(&inner.stdout);
            assert!(inner.status.success() && said.contains("1 passed"), "with RUST_BACKTRACE={wanted}: {said}");
        }
        return Ok(());
    };
    let (threads, processes) = (ThreadPoolExecutor::new(1)?, ProcessPoolExecutor::new(1)?);
    for pool in [&threads as &dyn Executor, &processes] {
        let report = report_of(pool.submit(panic_with::task(1)).result());
        let names_task = report.backtrace.as_ref().map(|text| text.contains("panic_with"));
        assert_eq!(names_task, (wanted == "1").then_some(true), "{report:?}");
    }
    Ok(())
}
