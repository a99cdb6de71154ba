//! What ends a task that runs: a kill, its time limit, the pool's limits for workers that die and for values.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use executor_runtime::prelude::*;
use executor_runtime::{Payload, PoolError, Transport, promise};
use executor_tests::gate::{self, Gate};
use executor_tests::tasks::*;
use executor_tests::transports::{builder_over, running};
use executor_tests::watchdog::limited;
use executor_tests::{children, over_each_transport};
use rustix::process::Signal;

type Outcome = Result<(), Box<dyn std::error::Error>>;

over_each_transport! {
    a_task_that_runs_is_killed_and_no_other
    what_waits_behind_a_killed_task_runs
    what_begins_beside_a_kill_has_its_value
    a_call_of_a_chunk_has_no_grace
    a_task_that_waits_for_a_worker_that_does_not_come_is_killed
    what_a_killed_task_has_started_goes_with_it
    what_the_tasks_of_a_killed_task_have_started_goes_with_it
    a_killed_task_is_not_run_again
    a_task_is_killed_while_it_waits_for_its_next_worker
    a_killed_chunk_keeps_what_it_has
    a_kill_beside_the_answer_is_one_or_the_other
    a_kill_in_a_pool_that_waits_for_its_end
    a_task_has_a_grace_to_end_in_order
    a_grace_is_for_what_the_task_has_started_too
    a_grace_keeps_nobody_else_waiting
    a_time_limit_costs_nobody_who_came_behind
    workers_may_die_so_often_and_not_more
    a_value_that_is_too_long_is_an_error_of_its_task
    a_value_may_be_as_long_as_it_is_allowed_to
}

/// Writes its pid and that of a child, and computes for ever.
#[pool_task(process)]
#[expect(clippy::zombie_processes, reason = "it goes with its worker")]
fn spin_beside_a_child(pids: &Path) {
    let child = Command::new("sleep").arg("300").spawn().expect("sleep");
    fs::write(pids.with_extension("new"), format!("{} {}", std::process::id(), child.id())).expect("the file");
    fs::rename(pids.with_extension("new"), pids).expect("the file");
    spin();
}

/// Has a pool of its own, whose task does the same.
#[pool_task(process)]
fn have_one_spin_beside_a_child(pids: &Path) {
    let pool = ProcessPoolExecutor::builder().max_workers(1).build().expect("a pool");
    let error = pool.submit(spin_beside_a_child::task(pids)).error();
    unreachable!("its task ends with it: {error:?}");
}

/// Marks each run, and computes for ever.
#[pool_task(process, retries = 5)]
fn spin_again(marks: &Path) {
    fs::write(marks.join(std::process::id().to_string()), "").expect("a mark");
    spin();
}

/// Ends its worker at the first run, and is at the gate at each.
#[pool_task(process, retries = 5)]
fn die_once(folder: &Path, gate: &Path) -> u64 {
    if !folder.join("died").exists() {
        fs::write(folder.join("died"), "").expect("a mark");
        std::process::abort();
    }
    gate::pass(gate)
}

/// Says when it can be told to end, and computes until it is.
#[pool_task(process)]
fn spin_until_told(ready: &Path) -> String {
    let told = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(Signal::TERM.as_raw(), Arc::clone(&told)).expect("a handler");
    fs::write(ready, "").expect("the file");
    while !told.load(Ordering::SeqCst) {
        thread::yield_now();
    }
    "in order".to_owned()
}

/// Starts a program, and waits for its end when both are told to end. Its exit code.
#[pool_task(process)]
fn await_a_program_that_is_told(ready: &Path) -> Option<i32> {
    signal_hook::flag::register(Signal::TERM.as_raw(), Arc::default()).expect("a handler");
    let until_told = "trap 'exit 7' TERM; touch \"$0\"; while :; do sleep 0.01; done";
    Command::new("sh").args(["-c", until_told]).arg(ready).status().expect("its end").code()
}

fn await_file(path: &Path) {
    while !path.exists() {
        thread::yield_now();
    }
}

fn a_task_that_runs_is_killed_and_no_other(transport: Transport) -> Outcome {
    limited(|| {
        let pool = builder_over(transport).max_workers(2).build()?;
        let folder = tempfile::tempdir()?;
        let gate = Gate::new(folder.path(), "gate");
        let other = pool.submit(gate::pass::task(gate.path()));
        let waiting = gate.await_task();
        for round in 0..10 {
            let future = running(pool.submit(spin::task()));
            let by_handle = round % 2 == 0;
            assert!(if by_handle { future.handle().kill() } else { future.kill() });
            assert!(matches!(future.error(), Some(TaskError::Cancelled)));
            // It has ended, and was not cancelled before that.
            assert!(future.is_cancelled() && future.kill() && future.cancel());
        }
        assert_eq!(pool.submit(square::task(3)).result()?, 9);
        waiting.open();
        other.result()?;
        // What is done cannot be killed any more, and what has not started is cancelled.
        let done = pool.submit(square::task(4));
        wait([&done], None, ReturnWhen::AllCompleted);
        assert!(!done.kill());
        assert_eq!(done.result()?, 16);
        Ok(())
    })
}

fn what_waits_behind_a_killed_task_runs(transport: Transport) -> Outcome {
    limited(|| {
        let pool = builder_over(transport).max_workers(1).build()?;
        // So that calls are sent ahead of those that run.
        for n in 0..200 {
            assert_eq!(pool.submit(square::task(n)).result()?, n * n);
        }
        for _ in 0..10 {
            let first = pool.submit(square::task(1));
            let doomed = pool.submit(spin::task());
            let behind: Vec<_> = (0..20).map(|n| pool.submit(square::task(n))).collect();
            let never_starts = pool.submit(square::task(5));
            assert!(never_starts.kill());
            assert!(matches!(never_starts.result(), Err(TaskError::Cancelled)));
            let doomed = running(doomed);
            assert!(doomed.kill());
            assert!(matches!(doomed.result(), Err(TaskError::Cancelled)));
            assert_eq!(first.result()?, 1);
            for (n, future) in (0..).zip(behind) {
                assert_eq!(future.result()?, n * n);
            }
        }
        Ok(())
    })
}

/// The task may have ended by itself just before, and the next one have begun.
fn what_begins_beside_a_kill_has_its_value(transport: Transport) -> Outcome {
    limited(|| {
        let pool = builder_over(transport).max_workers(1).build()?;
        for round in 0..60_u64 {
            let calls: Vec<_> = (0..40).map(|_| pool.submit(compute_for::task(Duration::from_micros(60), 1))).collect();
            while !calls.iter().any(TaskFuture::is_done) {
                thread::yield_now();
            }
            thread::sleep(Duration::from_micros(17 * round));
            let victim = calls.iter().position(TaskFuture::is_running);
            if let Some(victim) = victim {
                calls[victim].kill();
            }
            for (place, call) in calls.into_iter().enumerate() {
                match call.result() {
                    Ok(_) => {}
                    Err(TaskError::Cancelled) if Some(place) == victim => {}
                    other => panic!("{victim:?} was killed, and {place} has ended: {other:?}"),
                }
            }
        }
        Ok(())
    })
}

/// Marks that its worker is deaf to SIGTERM.
#[pool_task(process)]
fn be_deaf() {
    signal_hook::flag::register(Signal::TERM.as_raw(), Arc::default()).expect("a handler");
}

/// In it the next one would begin, and be lost with the worker.
fn a_call_of_a_chunk_has_no_grace(transport: Transport) -> Outcome {
    limited(|| {
        let limit = Duration::from_millis(300);
        let builder = builder_over(transport).max_workers(1).timeout(limit).kill_grace(Duration::from_millis(500));
        let pool = builder.initializer(be_deaf::task()).build()?;
        let times = [1, 1000, 700, 1].map(Duration::from_millis);
        let results = pool.map(|time| compute_for::task(time, 1), times).chunk_size(4);
        let ends: Vec<_> = results.map(|result| result.map(|value| value.len())).collect();
        let [Ok(1), Err(TaskError::TimedOut { .. }), Err(TaskError::TimedOut { .. }), Ok(1)] = *ends else {
            panic!("{ends:?}");
        };
        Ok(())
    })
}

/// Never ends in the second worker.
#[pool_task(process)]
fn hang_if(died: &Path) {
    if died.exists() {
        spin();
    }
}

fn a_task_that_waits_for_a_worker_that_does_not_come_is_killed(transport: Transport) -> Outcome {
    limited(|| {
        let folder = tempfile::tempdir()?;
        let gate = Gate::new(folder.path(), "gate");
        let died = folder.path().join("died");
        let pool = builder_over(transport).max_workers(1).initializer(hang_if::task(&died)).build()?;
        let future = pool.submit(die_once::task(folder.path(), gate.path()));
        await_file(&died);
        assert!(future.kill());
        assert!(matches!(future.result(), Err(TaskError::Cancelled)));
        pool.shutdown(Shutdown::Abort { grace: Duration::ZERO });
        Ok(())
    })
}

fn what_the_tasks_of_a_killed_task_have_started_goes_with_it(transport: Transport) -> Outcome {
    limited(|| {
        let pool = builder_over(transport).max_workers(1).build()?;
        let folder = tempfile::tempdir()?;
        let pids = folder.path().join("pids");
        let future = pool.submit(have_one_spin_beside_a_child::task(&pids));
        await_file(&pids);
        assert!(future.kill());
        assert!(matches!(future.result(), Err(TaskError::Cancelled)));
        for pid in fs::read_to_string(&pids)?.split(' ') {
            let pid = pid.parse()?;
            while children::lives(pid) {
                thread::yield_now();
            }
        }
        Ok(())
    })
}

fn what_a_killed_task_has_started_goes_with_it(transport: Transport) -> Outcome {
    limited(|| {
        let pool = builder_over(transport).max_workers(1).build()?;
        let folder = tempfile::tempdir()?;
        let pids = folder.path().join("pids");
        let future = pool.submit(spin_beside_a_child::task(&pids));
        await_file(&pids);
        assert!(future.kill());
        assert!(matches!(future.result(), Err(TaskError::Cancelled)));
        let told = fs::read_to_string(&pids)?;
        let (worker, child) = told.split_once(' ').expect("two numbers");
        assert!(!children::lives(worker.parse()?), "the future is done when the worker is no more");
        while children::lives(child.parse()?) {
            thread::yield_now();
        }
        Ok(())
    })
}

fn a_killed_task_is_not_run_again(transport: Transport) -> Outcome {
    limited(|| {
        let pool = builder_over(transport).max_workers(1).build()?;
        let folder = tempfile::tempdir()?;
        let future = pool.submit(spin_again::task(folder.path()));
        let marks = || fs::read_dir(folder.path()).map(Iterator::count);
        while marks()? == 0 {
            thread::yield_now();
        }
        assert!(future.kill());
        assert!(matches!(future.result(), Err(TaskError::Cancelled)));
        pool.submit(square::task(2)).result()?;
        assert_eq!(marks()?, 1);
        Ok(())
    })
}

fn a_task_is_killed_while_it_waits_for_its_next_worker(transport: Transport) -> Outcome {
    limited(|| {
        for _ in 0..20 {
            let pool = builder_over(transport).max_workers(1).build()?;
            let folder = tempfile::tempdir()?;
            let gate = Gate::new(folder.path(), "gate");
            let future = pool.submit(die_once::task(folder.path(), gate.path()));
            // Its first worker dies, and the next one takes much longer to start than this.
            await_file(&folder.path().join("died"));
            assert!(future.kill());
            assert!(matches!(future.result(), Err(TaskError::Cancelled)));
            assert_eq!(pool.submit(square::task(2)).result()?, 4);
        }
        Ok(())
    })
}

fn a_killed_chunk_keeps_what_it_has(transport: Transport) -> Outcome {
    limited(|| {
        let pool = builder_over(transport).max_workers(1).timeout(Duration::from_millis(300)).build()?;
        // A map has no handle: the same happens to its chunk that has its time limit, which costs one call.
        let results: Vec<_> = pool.map(|n| spin_on::task(n, 3), 0..6).chunk_size(6).collect();
        for (n, result) in (0..).zip(&results) {
            match result {
                Ok(value) => assert_eq!(*value, n),
                Err(TaskError::TimedOut { .. }) => assert_eq!(n, 3),
                Err(other) => panic!("{n}: {other:?}"),
            }
        }
        Ok(())
    })
}

fn a_kill_beside_the_answer_is_one_or_the_other(transport: Transport) -> Outcome {
    limited(|| {
        let pool = builder_over(transport).max_workers(2).build()?;
        let (mut values, mut killed) = (0, 0);
        for round in 0..200_u64 {
            let future = pool.submit(compute_for::task(Duration::from_micros(round % 40 * 5), 1));
            let behind = pool.submit(square::task(round));
            if round % 3 == 0 {
                thread::sleep(Duration::from_micros(round % 50 * 4));
            }
            let is_killed = future.kill();
            match future.result() {
                Ok(_) => values += 1,
                Err(TaskError::Cancelled) if is_killed => killed += 1,
                other => panic!("{is_killed}: {other:?}"),
            }
            assert_eq!(behind.result()?, round * round);
        }
        assert_eq!(values + killed, 200);
        Ok(())
    })
}

fn a_kill_in_a_pool_that_waits_for_its_end(transport: Transport) -> Outcome {
    limited(|| {
        let pool = builder_over(transport).max_workers(1).build()?;
        let future = running(pool.submit(spin::task()));
        let queued = pool.submit(square::task(6));
        thread::scope(|scope| {
            let ends = scope.spawn(|| pool.shutdown(Shutdown::Drain));
            assert!(future.kill());
            ends.join().expect("no panic");
        });
        assert!(matches!(future.result(), Err(TaskError::Cancelled)));
        assert_eq!(queued.result()?, 36);
        Ok(())
    })
}

fn a_grace_is_for_what_the_task_has_started_too(transport: Transport) -> Outcome {
    limited(|| {
        let pool = builder_over(transport).max_workers(1).kill_grace(Duration::from_mins(1)).build()?;
        let folder = tempfile::tempdir()?;
        let ready = folder.path().join("ready");
        let future = pool.submit(await_a_program_that_is_told::task(&ready));
        await_file(&ready);
        assert!(future.kill());
        assert_eq!(future.result()?, Some(7));
        Ok(())
    })
}

fn a_task_has_a_grace_to_end_in_order(transport: Transport) -> Outcome {
    limited(|| {
        let minute = Duration::from_mins(1);
        let pool = builder_over(transport).max_workers(1).kill_grace(minute).build()?;
        let folder = tempfile::tempdir()?;
        // One that does not listen ends at once.
        let deaf = running(pool.submit(spin::task()));
        assert!(deaf.kill());
        assert!(matches!(deaf.result(), Err(TaskError::Cancelled)));
        // A worker that has answered after all has nothing more to wait for but its end, so it is sent on its way.
        let ready = folder.path().join("ready");
        let future = pool.submit(spin_until_told::task(&ready));
        await_file(&ready);
        assert!(future.kill());
        assert_eq!(future.result()?, "in order");
        assert_eq!(pool.submit(square::task(2)).result()?, 4);
        Ok(())
    })
}

fn a_grace_keeps_nobody_else_waiting(transport: Transport) -> Outcome {
    limited(|| {
        let pool = builder_over(transport).max_workers(2).kill_grace(Duration::from_mins(10)).build()?;
        let worker = pool.submit(pid::task()).result()?;
        let doomed = running(pool.submit(spin::task()));
        let others: Vec<_> = (0..20).map(|n| pool.submit(square::task(n))).collect();
        // It cannot follow the request to end.
        let stopped = worker;
        children::stop(stopped);
        assert!(doomed.kill());
        for (n, other) in (0..).zip(others) {
            assert_eq!(other.result()?, n * n);
        }
        children::send(stopped, Signal::CONT);
        assert!(matches!(doomed.result(), Err(TaskError::Cancelled)));
        Ok(())
    })
}

/// Quick calls are sent ahead, and so behind one that has a limit.
fn a_time_limit_costs_nobody_who_came_behind(transport: Transport) -> Outcome {
    limited(|| {
        let pool = builder_over(transport).max_workers(1).build()?;
        let limit = Duration::from_millis(1);
        for round in 0..200 {
            for n in 0..10 {
                assert_eq!(pool.submit(square::task(n)).result()?, n * n);
            }
            // It ends about when its time does.
            let time = limit.saturating_sub(Duration::from_micros(round));
            let limited = pool.submit(compute_for::task(time, 1).timeout(limit));
            let behind: Vec<_> = (0..16).map(|n| pool.submit(square::task(n))).collect();
            match limited.result() {
                Ok(_) | Err(TaskError::TimedOut { .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
            for (n, future) in (0..).zip(behind) {
                assert_eq!(future.result()?, n * n);
            }
        }
        Ok(())
    })
}

fn workers_may_die_so_often_and_not_more(transport: Transport) -> Outcome {
    limited(|| {
        let pool =
            builder_over(transport).max_workers(1).restart_limit(2).restart_window(Duration::from_hours(1)).build()?;
        // These are no accidents.
        for _ in 0..4 {
            let future = running(pool.submit(spin::task()));
            assert!(future.kill());
            let timed_out = pool.submit(spin::task().timeout(Duration::from_millis(5))).result();
            assert!(matches!(timed_out, Err(TaskError::TimedOut { .. })));
        }
        for _ in 0..3 {
            assert!(matches!(pool.submit(abort::task()).result(), Err(TaskError::WorkerDied(_))));
        }
        let error = pool.submit(square::task(1)).result().expect_err("broken");
        let TaskError::PoolBroken { cause } = &error else { panic!("{error:?}") };
        assert!(matches!(**cause, PoolError::TooManyDeaths { limit: 2, .. }), "{cause:?}");
        assert_eq!(error.to_string(), "the pool is broken: more than 2 of its workers died within 3600s");

        // Long ago.
        let pool =
            builder_over(transport).max_workers(1).restart_limit(1).restart_window(Duration::from_nanos(1)).build()?;
        for _ in 0..4 {
            assert!(matches!(pool.submit(abort::task()).result(), Err(TaskError::WorkerDied(_))));
        }
        assert_eq!(pool.submit(square::task(3)).result()?, 9);
        Ok(())
    })
}

fn a_value_that_is_too_long_is_an_error_of_its_task(transport: Transport) -> Outcome {
    limited(|| {
        let pool = builder_over(transport).max_workers(1).max_result_size(1000).build()?;
        let worker = pool.submit(pid::task()).result()?;
        // Among the other values of an answer, and beside it.
        for len in [999, 1001, 100_000, 10_000_000] {
            match pool.submit(compute_for::task(Duration::ZERO, len)).result() {
                Err(TaskError::Encode(failure)) => {
                    assert_eq!(failure.what, Payload::Value);
                    assert!(failure.reason.contains("max_result_size"), "{failure}");
                }
                other => panic!("{len}: {}", other.map_or_else(|error| error.to_string(), |it| it.len().to_string())),
            }
        }
        let lens = [10, 2000, 20, 3000, 30];
        let results = pool.map(|len| compute_for::task(Duration::ZERO, len), lens).chunk_size(5);
        let results: Vec<_> = results.map(|result| result.map(|value| value.len())).collect();
        assert!(matches!(*results, [Ok(10), Err(TaskError::Encode(_)), Ok(20), Err(TaskError::Encode(_)), Ok(30)]));
        assert_eq!(pool.submit(pid::task()).result()?, worker, "that is no reason to end it");
        Ok(())
    })
}

fn a_value_may_be_as_long_as_it_is_allowed_to(transport: Transport) -> Outcome {
    limited(|| {
        for len in [100, 200_000] {
            // With its length, which takes three bytes at most.
            let pool = builder_over(transport).max_workers(1).max_result_size(len + 3).build()?;
            let value = pool.submit(compute_for::task(Duration::ZERO, len)).result()?;
            assert_eq!(value.len(), len);
            // What a panic says is not a value.
            let error = pool.submit(panic_at_length::task(3 << 20)).result().expect_err("a panic");
            let TaskError::Panicked(report) = &error else { panic!("{error:?}") };
            assert_eq!(report.message.len(), (1 << 20) + " ..".len());
        }
        Ok(())
    })
}

/// Panics with a text of this length.
#[pool_task(process)]
fn panic_at_length(len: usize) -> u8 {
    std::panic::panic_any("a".repeat(len))
}

#[test]
fn a_worker_that_does_not_read_what_nobody_needs_any_more_is_replaced() -> Outcome {
    limited(|| {
        let pool = builder_over(Transport::SharedMemory).max_workers(1).build()?;
        let worker = pool.submit(pid::task()).result()?;
        children::stop(worker);
        let future = pool.submit(echo_owned::task(vec![1; 8 << 20]));
        assert!(future.kill());
        assert!(matches!(future.result(), Err(TaskError::Cancelled)));
        assert_ne!(pool.submit(pid::task()).result()?, worker);
        Ok(())
    })
}

#[test]
fn what_runs_on_a_thread_or_nowhere_cannot_be_killed() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(1)?;
        let (go, gate) = std::sync::mpsc::channel::<()>();
        let running = running(pool.submit(move || gate.recv().is_err()));
        let queued = pool.submit(|| 1);
        assert!(!running.kill() && queued.kill());
        assert!(matches!(queued.result(), Err(TaskError::Cancelled)));
        drop(go);
        assert!(running.result()?);
        let (promise, future) = promise::<u8>();
        let promise = promise.start().expect("nobody has cancelled it");
        assert!(!future.kill());
        promise.complete(7);
        assert_eq!(future.result()?, 7);
        Ok(())
    })
}
