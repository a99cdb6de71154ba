//! What is kept of work that is done: nothing.
//!
//! What a call owns is gone before its result can be seen, a value when its receiver drops it, a callback when it has
//! run, and the rest with the last handle of the pool.

use std::iter;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use executor_runtime::prelude::*;
use executor_runtime::promise;
use executor_tests::census::{self, Counted, living, make, new_number};
use executor_tests::gate::{self, Gate};
use executor_tests::watchdog::limited;
use futures::StreamExt;
use futures::executor::block_on;

use crate::{Backend, Outcome};

suite! {
    an_argument_is_gone_before_the_result_can_be_seen
    an_argument_is_gone_though_the_future_is_kept_or_dropped
    an_argument_of_a_call_that_panics_is_gone
    a_borrowed_argument_is_gone_in_the_worker
    a_chunk_drops_the_arguments_of_each_call_before_the_next
    a_cancelled_call_drops_its_argument_at_once
    a_dropped_map_drops_the_arguments_of_what_it_cancels
    a_shutdown_drops_the_arguments_of_what_it_cancels
    a_map_keeps_nothing_of_what_it_has_yielded
    a_map_that_runs_out_of_time_drops_what_it_cancels
    a_map_that_fails_fast_drops_what_it_has_not_yielded
    as_completed_keeps_nothing_of_what_was_done_already
    as_completed_keeps_nothing_of_what_is_done_later
    a_stream_keeps_nothing_of_what_it_has_yielded
    a_dropped_as_completed_drops_what_it_has_not_yielded
    a_future_keeps_nothing_once_its_value_was_taken
    a_dropped_future_drops_its_value
    a_callback_is_gone_when_it_has_run
    a_handle_keeps_no_value
}

/// Comes to a gate, if there is one, with a value in its hands.
#[pool_task(process)]
fn hold_at(gate: Option<PathBuf>, _value: Counted) {
    if let Some(gate) = gate {
        gate::pass(&gate);
    }
}

/// Makes a value, and says of which number it is.
#[pool_task(process)]
fn make_labelled(number: u64) -> (u64, Counted) {
    (number, Counted::of(number))
}

/// Makes a value when a gate opens.
#[pool_task(process)]
fn make_at(gate: &Path, number: u64) -> Counted {
    gate::pass(gate);
    Counted::of(number)
}

/// How many values of this number live where the only worker of the pool runs. It does so after all that was
/// submitted before.
fn living_there(pool: &dyn Executor, number: u64) -> Result<usize, TaskError> {
    pool.submit(living::task(number)).result()
}

/// A task that keeps the only worker of a pool at a gate until that is opened.
struct Busy {
    future: TaskFuture<u64>,
    waiting: gate::Waiting,
    _folder: tempfile::TempDir,
}

impl Busy {
    fn on(pool: &dyn Executor) -> std::io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let gate = Gate::new(folder.path(), "gate");
        let future = pool.submit(gate::pass::task(gate.path()));
        Ok(Self { future, waiting: gate.await_task(), _folder: folder })
    }

    fn release(self) -> Result<(), TaskError> {
        self.waiting.open();
        self.future.result().map(drop)
    }
}

fn an_argument_is_gone_before_the_result_can_be_seen(on: Backend) -> Outcome {
    let pool = on.pool(1)?;
    for _ in 0..100 {
        let number = new_number();
        assert_eq!(pool.submit(census::take::task(Counted::of(number))).result()?, 1);
        assert_eq!(living(number), 0);
        assert_eq!(living_there(&*pool, number)?, 0);
    }
    Ok(())
}

fn an_argument_is_gone_though_the_future_is_kept_or_dropped(on: Backend) -> Outcome {
    let pool = on.pool(1)?;
    let [kept, unread, dropped] = [(); 3].map(|()| new_number());
    let mut future = pool.submit(census::take::task(Counted::of(kept)));
    assert_eq!(future.result_timeout(Duration::MAX)??, 1);
    let unread_future = pool.submit(census::take::task(Counted::of(unread)));
    drop(pool.submit(census::take::task(Counted::of(dropped))));
    for number in [kept, unread, dropped] {
        assert_eq!(living_there(&*pool, number)?, 0);
        assert_eq!(living(number), 0);
    }
    drop((future, unread_future));
    Ok(())
}

fn an_argument_of_a_call_that_panics_is_gone(on: Backend) -> Outcome {
    #[pool_task(process)]
    fn take_and_panic(_value: Counted) {
        panic!("with a value in hand")
    }
    let pool = on.pool(1)?;
    let number = new_number();
    let future = pool.submit(take_and_panic::task(Counted::of(number)));
    let error = future.error().expect("a panic");
    assert!(matches!(error, TaskError::Panicked(_)), "{error:?}");
    assert_eq!((living(number), living_there(&*pool, number)?), (0, 0));
    Ok(())
}

fn a_borrowed_argument_is_gone_in_the_worker(on: Backend) -> Outcome {
    /// How many values of its argument's number there are meanwhile.
    #[pool_task(process)]
    fn look_at(_value: &Counted, number: u64) -> usize {
        living(number)
    }
    let pool = on.pool(1)?;
    let number = new_number();
    let lent = Counted::of(number);
    let here = match on {
        Backend::Threads => 1,
        Backend::Processes => 0,
    };
    // Written and read again also for threads, which cannot borrow outside of a scope.
    assert_eq!(pool.submit(look_at::task(&lent, number)).result()?, 1 + here);
    assert_eq!(living_there(&*pool, number)?, here);
    drop(lent);
    Ok(())
}

fn a_chunk_drops_the_arguments_of_each_call_before_the_next(on: Backend) -> Outcome {
    let pool = on.pool(1)?;
    let number = new_number();
    let arguments = iter::repeat_with(|| Counted::of(number)).take(4);
    let seen = pool.map(census::take::task, arguments).chunk_size(4).collect::<Result<Vec<_>, _>>()?;
    match on {
        // The others of the chunk wait for their turn.
        Backend::Threads => assert_eq!(seen, [4, 3, 2, 1]),
        // Each is read when its turn comes.
        Backend::Processes => assert_eq!(seen, [1; 4]),
    }
    assert_eq!((living(number), living_there(&*pool, number)?), (0, 0));
    Ok(())
}

fn a_cancelled_call_drops_its_argument_at_once(on: Backend) -> Outcome {
    let pool = on.pool(1)?;
    let busy = Busy::on(&*pool)?;
    let number = new_number();
    let future = pool.submit(census::take::task(Counted::of(number)));
    assert!(future.cancel());
    assert_eq!(living(number), 0);
    busy.release()?;
    assert_eq!(living_there(&*pool, number)?, 0);
    Ok(())
}

fn a_dropped_map_drops_the_arguments_of_what_it_cancels(on: Backend) -> Outcome {
    let at_the_gate = match on {
        Backend::Threads => 1,
        Backend::Processes => 0,
    };
    for (chunk_size, is_ordered) in [(1, true), (1, false), (2, true), (2, false)] {
        let pool = on.pool(1)?;
        let folder = tempfile::tempdir()?;
        let gate = Gate::new(folder.path(), "gate");
        let number = new_number();
        // The first is done, the second stands at the gate, and the rest waits in the queue.
        let gates = iter::repeat_n(None, chunk_size)
            .chain([Some(gate.path().to_owned())])
            .chain(iter::repeat_n(None, 4 * chunk_size - 1));
        let map = pool.map(|gate| hold_at::task(gate, Counted::of(number)), gates).chunk_size(chunk_size);
        let mut map = if is_ordered { map } else { map.unordered() };
        map.next().expect("the first")?;
        let waiting = gate.await_task();
        drop(map);
        // Of a chunk that runs, all calls are still to come.
        assert_eq!(living(number), at_the_gate * chunk_size);
        waiting.open();
        assert_eq!(living_there(&*pool, number)?, 0);
    }
    Ok(())
}

fn a_shutdown_drops_the_arguments_of_what_it_cancels(on: Backend) -> Outcome {
    let pool = on.pool(1)?;
    let busy = Busy::on(&*pool)?;
    let number = new_number();
    let future = pool.submit(census::take::task(Counted::of(number)));
    std::thread::scope(|scope| {
        scope.spawn(|| pool.shutdown(Shutdown::CancelPending));
        // The task that runs does not end before, so neither does the shutdown.
        wait([&future], None, ReturnWhen::AllCompleted);
        census::await_none(number);
        busy.release()
    })?;
    assert!(matches!(future.result(), Err(TaskError::Cancelled)));
    Ok(())
}

fn a_map_keeps_nothing_of_what_it_has_yielded(on: Backend) -> Outcome {
    let pool = on.pool(2)?;
    for chunk_size in [1, 3] {
        for is_ordered in [true, false] {
            let map = || {
                let numbers = iter::repeat_with(new_number).take(8);
                let map = pool.map(make_labelled::task, numbers).chunk_size(chunk_size);
                if is_ordered { map } else { map.unordered() }
            };
            let seen = [
                count_and_drop(map())?,
                count_and_drop(map().fail_fast())?,
                count_and_drop(map().timeout(Duration::MAX).map(|result| result.expect("there is no limit")))?,
            ];
            assert_eq!(seen, [8; 3], "chunks of {chunk_size}, ordered: {is_ordered}");
        }
    }
    Ok(())
}

/// Drops each value before it asks for the next one; how many there were.
fn count_and_drop(mut results: impl Iterator<Item = Result<(u64, Counted), TaskError>>) -> Result<usize, TaskError> {
    let mut yielded = 0;
    for result in results.by_ref() {
        let (number, value) = result?;
        assert_eq!(living(number), 1, "the yielded one");
        drop(value);
        assert_eq!(living(number), 0, "result {yielded} is kept");
        yielded += 1;
    }
    Ok(yielded)
}

fn a_map_that_runs_out_of_time_drops_what_it_cancels(on: Backend) -> Outcome {
    for (chunk_size, is_ordered) in [(1, true), (1, false), (3, true), (3, false)] {
        let pool = on.pool(1)?;
        let number = new_number();
        // A machine that has not submitted all before a limit is over gets a longer one.
        let mut unfinished = Vec::new();
        for limit in (6..12).map(|power| Duration::from_millis(1 << power)) {
            let busy = Busy::on(&*pool)?;
            let map = pool.map(|_| census::take::task(Counted::of(number)), 0..6).chunk_size(chunk_size);
            let mut map = if is_ordered { map } else { map.unordered() }.timeout(limit);
            let timeout = map.next().expect("the time-out").expect_err("the only worker is busy");
            // The map is still there.
            assert_eq!(living(number), 0, "chunks of {chunk_size}, ordered: {is_ordered}");
            assert!(map.next().is_none());
            busy.release()?;
            assert_eq!(living_there(&*pool, number)?, 0);
            unfinished.push(timeout.unfinished());
            if timeout.unfinished() == 6 {
                break;
            }
        }
        assert!(unfinished.ends_with(&[6]), "never all of them: {unfinished:?}");
    }
    Ok(())
}

fn a_map_that_fails_fast_drops_what_it_has_not_yielded(on: Backend) -> Outcome {
    /// Makes a value, or panics.
    #[pool_task(process)]
    fn make_or_panic(_argument: Counted, is_bad: bool, number: u64) -> Counted {
        assert!(!is_bad, "a bad call");
        Counted::of(number)
    }
    for (chunk_size, is_ordered) in [(1, true), (1, false), (4, true), (4, false)] {
        let pool = on.pool(1)?;
        let [arguments, values] = [(); 2].map(|()| new_number());
        let make = |n| make_or_panic::task(Counted::of(arguments), n == 1, values);
        let map = pool.map(make, 0..12).chunk_size(chunk_size).fail_fast();
        let mut map = if is_ordered { map } else { map.unordered() };
        let first = map.next().expect("the first")?;
        let error = map.next().expect("the second").expect_err("a panic");
        assert!(matches!(error, TaskError::Panicked(_)), "{error:?}");
        // The third may run still, and the worker takes the next call after it.
        assert_eq!(living_there(&*pool, arguments)?, 0);
        let left = (living(arguments), living(values));
        assert_eq!(left, (0, 1), "chunks of {chunk_size}, ordered: {is_ordered}");
        drop(first);
        assert!(map.next().is_none());
    }
    Ok(())
}

fn as_completed_keeps_nothing_of_what_was_done_already(on: Backend) -> Outcome {
    let pool = on.pool(2)?;
    let futures = [(); 5].map(|()| new_number()).map(|number| (number, pool.submit(make::task(number))));
    let waited = wait(futures, None, ReturnWhen::AllCompleted);
    let mut done = as_completed(waited.done);
    let mut yielded = 0;
    for (number, mut future) in done.by_ref() {
        drop(future.try_result().expect("it is done")?);
        assert_eq!(living(number), 0);
        yielded += 1;
    }
    assert_eq!(yielded, 5);
    Ok(())
}

fn as_completed_keeps_nothing_of_what_is_done_later(on: Backend) -> Outcome {
    let pool = on.pool(3)?;
    let folder = tempfile::tempdir()?;
    let gates = ["0", "1", "2"].map(|name| Gate::new(folder.path(), name));
    let futures = gates.each_ref().map(|gate| {
        let number = new_number();
        (number, pool.submit(make_at::task(gate.path(), number)))
    });
    let numbers = futures.each_ref().map(|(number, _)| *number);
    let at_gates = gates.each_ref().map(Gate::await_task);
    let mut done = as_completed(futures);
    for (waiting, expected) in at_gates.into_iter().zip(numbers) {
        waiting.open();
        let (number, future) = done.next().expect("what was let go");
        assert_eq!(number, expected);
        // Nobody looks at the value.
        drop(future);
        assert_eq!(living(number), 0);
    }
    assert!(done.next().is_none());
    Ok(())
}

fn a_stream_keeps_nothing_of_what_it_has_yielded(on: Backend) -> Outcome {
    let pool = on.pool(2)?;
    let numbers = [(); 5].map(|()| new_number());
    let futures = numbers.map(|number| (number, pool.submit(make::task(number))));
    let mut stream = as_completed(futures).stream();
    block_on(async {
        for _ in 0..3 {
            let (number, future) = stream.next().await.expect("five of them");
            let value = future.await?;
            assert_eq!(living(number), 1);
            drop(value);
            assert_eq!(living(number), 0);
        }
        Ok::<_, TaskError>(())
    })?;
    // Nobody looks at the value of this one.
    let (number, future) = block_on(stream.next()).expect("two are left");
    drop(future);
    assert_eq!(living(number), 0);
    drop(stream);
    pool.shutdown(Shutdown::Drain);
    assert_eq!(numbers.map(living), [0; 5]);
    Ok(())
}

fn a_dropped_as_completed_drops_what_it_has_not_yielded(on: Backend) -> Outcome {
    let pool = on.pool(1)?;
    let number = new_number();
    let futures = [(); 3].map(|()| pool.submit(make::task(number)));
    let mut done = as_completed(futures);
    let first = done.next().expect("three of them").result()?;
    drop(done);
    // The only worker has run them all.
    living_there(&*pool, number)?;
    assert_eq!(living(number), 1);
    drop(first);
    Ok(())
}

fn a_future_keeps_nothing_once_its_value_was_taken(on: Backend) -> Outcome {
    let pool = on.pool(1)?;
    let number = new_number();
    let mut future = pool.submit(make::task(number));
    let value = future.result_timeout(Duration::MAX)??;
    assert_eq!(living(number), 1);
    drop(value);
    assert_eq!((living(number), living_there(&*pool, number)?), (0, 0));
    assert!(matches!(future.try_result(), Some(Err(TaskError::AlreadyTaken))));
    Ok(())
}

fn a_dropped_future_drops_its_value(on: Backend) -> Outcome {
    let pool = on.pool(1)?;
    let number = new_number();
    let done = pool.submit(make::task(number));
    assert!(done.error().is_none());
    assert_eq!(living(number), 1);
    drop(done);
    assert_eq!(living(number), 0);

    let busy = Busy::on(&*pool)?;
    drop(pool.submit(make::task(number)));
    busy.release()?;
    assert_eq!((living_there(&*pool, number)?, living(number)), (0, 0));
    Ok(())
}

fn a_callback_is_gone_when_it_has_run(on: Backend) -> Outcome {
    let pool = on.pool(1)?;
    let number = new_number();
    let add_to = |future: &TaskFuture<usize>| {
        let owned = Counted::of(number);
        future.on_done(move |_| drop(owned));
    };
    let busy = Busy::on(&*pool)?;
    let (mut later, cancelled) = (pool.submit(living::task(number)), pool.submit(living::task(number)));
    add_to(&later);
    add_to(&cancelled);
    assert_eq!(living(number), 2);
    assert!(cancelled.cancel());
    assert_eq!(living(number), 1);
    busy.release()?;
    // The callbacks have run before anybody can have the result.
    later.result_timeout(Duration::MAX)??;
    assert_eq!(living(number), 0);
    add_to(&later);
    assert_eq!(living(number), 0);
    Ok(())
}

fn a_handle_keeps_no_value(on: Backend) -> Outcome {
    let pool = on.pool(1)?;
    let number = new_number();
    let taken = pool.submit(make::task(number));
    let handle_of_taken = taken.handle();
    drop(taken.result()?);
    assert_eq!(living(number), 0);

    let done = pool.submit(make::task(number));
    assert!(done.error().is_none());
    let handle_of_done = done.handle();
    drop(done);
    assert_eq!(living(number), 0);

    let busy = Busy::on(&*pool)?;
    let queued = pool.submit(make::task(number));
    let handle_of_queued = queued.handle();
    drop(queued);
    busy.release()?;
    assert_eq!((living_there(&*pool, number)?, living(number)), (0, 0));

    let handles = [handle_of_taken, handle_of_done, handle_of_queued];
    assert!(handles.iter().all(|handle| handle.state() == State::Finished), "{handles:?}");
    Ok(())
}

#[test]
fn a_closure_is_gone_before_its_callbacks_run() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(1)?;
        let number = new_number();
        let owned = Counted::of(number);
        let (go, gate) = mpsc::channel::<()>();
        let future = pool.submit(move || {
            let _owned = &owned;
            gate.recv()
        });
        let (tell, told) = mpsc::channel();
        future.on_done(move |_| tell.send(living(number)).expect("a receiver"));
        go.send(())?;
        assert_eq!(told.recv()?, 0);
        Ok(())
    })
}

#[test]
fn a_chunk_of_closures_drops_each_before_the_next_runs() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(1)?;
        let number = new_number();
        let count = |()| {
            let owned = Counted::of(number);
            move || {
                let _owned = &owned;
                living(number)
            }
        };
        assert_eq!(pool.map(count, [(); 3]).chunk_size(3).collect::<Result<Vec<_>, _>>()?, [3, 2, 1]);
        assert_eq!(living(number), 0);
        Ok(())
    })
}

#[test]
fn the_callback_of_an_abandoned_promise_is_gone_when_it_has_run() {
    let number = new_number();
    let (promise, future) = promise::<Counted>();
    let owned = Counted::of(number);
    future.on_done(move |_| drop(owned));
    drop(promise);
    assert_eq!(living(number), 0);
    assert!(matches!(future.result(), Err(TaskError::Abandoned)));
}

#[test]
fn a_pool_of_threads_that_has_ended_keeps_nothing() -> Outcome {
    limited(|| {
        let [initializers, closures, values] = [(); 3].map(|()| new_number());
        let initializer = Counted::of(initializers);
        let builder = ThreadPoolExecutor::builder().max_workers(2).initializer(move || {
            let _owned = &initializer;
        });
        let pool = builder.build()?;
        let submit = || {
            let owned = Counted::of(closures);
            pool.submit(move || {
                drop(owned);
                Counted::of(values)
            })
        };
        let futures: Vec<_> = iter::repeat_with(submit).take(20).collect();
        let handle = futures[0].handle();
        drop(pool);
        // The values are with their futures, and the handle is no one's owner.
        assert_eq!([initializers, closures, values].map(living), [0, 0, 20]);
        drop(futures);
        assert!(handle.is_done());
        assert_eq!(living(values), 0);
        Ok(())
    })
}

#[test]
fn a_pool_of_threads_that_is_broken_keeps_nothing_but_the_cause() -> Outcome {
    /// An error that is counted.
    #[derive(Debug)]
    struct Broken {
        _counted: Counted,
    }
    impl std::fmt::Display for Broken {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("broken")
        }
    }
    impl std::error::Error for Broken {}

    limited(|| {
        let [initializers, causes, closures] = [(); 3].map(|()| new_number());
        let initializer = Counted::of(initializers);
        let builder = ThreadPoolExecutor::builder().max_workers(1).initializer(move || {
            let _owned = &initializer;
            Err::<(), _>(Broken { _counted: Counted::of(causes) })
        });
        let pool = builder.build()?;
        let owned = Counted::of(closures);
        let future = pool.submit(move || drop(owned));
        let error = future.error().expect("a broken pool");
        assert!(matches!(error, TaskError::PoolBroken { .. }), "{error:?}");
        // Whoever waits may be told a moment before the closure is dropped.
        census::await_none(closures);
        drop(pool);
        assert_eq!([initializers, causes].map(living), [0, 1]);
        drop((future, error));
        assert_eq!(living(causes), 0);
        Ok(())
    })
}

#[test]
fn a_pool_that_ends_in_the_background_keeps_nothing() -> Outcome {
    limited(|| {
        let number = new_number();
        let initializer = Counted::of(number);
        let builder = ThreadPoolExecutor::builder().max_workers(1).initializer(move || {
            let _owned = &initializer;
        });
        let pool = builder.build()?;
        let (go, gate) = mpsc::channel::<()>();
        let running = pool.submit(move || gate.recv());
        pool.shutdown_background();
        drop(pool);
        go.send(())?;
        running.result()??;
        census::await_none(number);
        Ok(())
    })
}

#[test]
fn a_pool_of_processes_keeps_nothing_of_its_initializer_and_calls() -> Outcome {
    /// An initializer with an argument that is counted.
    #[pool_task(process)]
    fn initialize_with(_value: Counted) {}

    limited(|| {
        let [initializers, arguments, values] = [(); 3].map(|()| new_number());
        let builder = ProcessPoolExecutor::builder().max_workers(1);
        let pool = builder.initializer(initialize_with::task(Counted::of(initializers))).build()?;
        assert_eq!(living(initializers), 0, "it is kept as bytes");
        let busy = Busy::on(&pool)?;
        let taking = pool.submit(census::take::task(Counted::of(arguments)));
        assert_eq!(living(arguments), 0, "and so is a call");
        let making = pool.submit(make::task(values));
        busy.release()?;
        for number in [initializers, arguments, values] {
            assert_eq!(living_there(&pool, number)?, 0);
        }
        drop(pool);
        assert_eq!((taking.result()?, living(values)), (1, 1));
        drop(making);
        assert_eq!(living(values), 0);
        Ok(())
    })
}
