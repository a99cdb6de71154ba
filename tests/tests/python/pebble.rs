//! Tests of pebble's process pool that CPython's suite does not have: workers that die at the worst place, that do
//! not listen, or that have more to carry than fits into a pipe.

use std::panic::panic_any;
use std::process::Command;
use std::thread;

use executor_runtime::WorkerExit;
use executor_runtime::prelude::*;
use executor_tests::children;
use executor_tests::gate::{self, Gate};
use executor_tests::tasks::*;
use executor_tests::watchdog::limited;
use rustix::process::Signal;

use crate::Outcome;

/// Far more than any link holds on its way.
const LARGE: usize = 1 << 20;

/// How the worker of a task ended.
fn end_of<T>(future: TaskFuture<T>) -> WorkerExit {
    match future.result() {
        Err(TaskError::WorkerDied(death)) => death.exit,
        Err(other) => panic!("the worker did not die: {other:?}"),
        Ok(_) => panic!("the worker did not die"),
    }
}

/// pebble: `test_pool_deadlock_stop`.
///
/// Each death costs the task that was being read; pebble's pool stops after some of them.
#[test]
fn workers_that_die_reading_their_tasks_hang_nobody() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(1)?;
        let futures = [(); 10].map(|()| pool.submit(take_deadly::task(DeadlyToRead(Death::Exit(1)))));
        for future in futures {
            assert_eq!(end_of(future), WorkerExit::Code(1));
        }
        assert_eq!(pool.submit(square::task(3)).result()?, 9);
        Ok(())
    })
}

/// pebble: `test_pool_deadlock`.
///
/// There the worker dies while it holds the lock of the channel; here no worker shares one.
#[test]
fn a_worker_that_dies_writing_its_value_hangs_nobody() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(1)?;
        assert_eq!(end_of(pool.submit(give_deadly::task(Death::Exit(1)))), WorkerExit::Code(1));
        pool.shutdown(Shutdown::Drain);
        Ok(())
    })
}

/// pebble: `test_pool_deadlock_stop_cancel`.
///
/// To cancel stops nothing that runs, as it does there: that is left to the abort.
#[test]
fn a_pool_with_cancelled_calls_of_large_arguments_can_be_aborted() -> Outcome {
    limited(|| {
        let data = vec![b'A'; LARGE];
        let pool = ProcessPoolExecutor::new(2)?;
        let futures = [(); 6].map(|()| pool.submit(echo::task(&data)));
        let first = wait(&futures, None, ReturnWhen::FirstCompleted);
        assert!(!first.done.is_empty());
        let cancelled = futures.each_ref().map(TaskFuture::cancel);
        pool.shutdown(Shutdown::Abort { grace: Duration::ZERO });
        for (future, cancelled) in futures.into_iter().zip(cancelled) {
            match future.result() {
                Ok(bytes) => assert!(!cancelled && bytes == data),
                Err(TaskError::Cancelled) => assert!(cancelled),
                Err(error) => assert!(!cancelled && matches!(error, TaskError::PoolShutDown), "{error:?}"),
            }
        }
        Ok(())
    })
}

/// Whether this process and its workers ignore SIGTERM; if not, `test` has been run in one that does.
///
/// What is ignored stays so in a program that is started, so nobody needs to change how signals are handled.
fn is_deaf(test: &str) -> Result<bool, Box<dyn std::error::Error>> {
    if std::env::var_os("DEAF").is_some() {
        return Ok(true);
    }
    let deaf = Command::new("sh")
        .args(["-c", "trap '' TERM; exec \"$@\"", "sh"])
        .arg(std::env::current_exe()?)
        .args([test, "--exact", "--nocapture"])
        .env("DEAF", "1")
        .output()?;
    assert!(String::from_utf8_lossy(&deaf.stdout).contains("1 passed"), "{deaf:?}");
    Ok(false)
}

/// pebble: `test_process_pool_ignoring_sigterm`.
///
/// Not only a time limit ends it, but also an abort that asks first.
#[test]
fn a_worker_that_ignores_sigterm_is_killed() -> Outcome {
    if !is_deaf("pebble::a_worker_that_ignores_sigterm_is_killed")? {
        return Ok(());
    }
    limited(|| {
        let pool = ProcessPoolExecutor::new(1)?;
        let folder = tempfile::tempdir()?;
        let gate = Gate::new(folder.path(), "gate");
        let worker = pool.submit(pid::task()).result()?;
        let future = pool.submit(gate::pass::task(gate.path()));
        let waiting = gate.await_task();
        children::send(worker, Signal::TERM);
        waiting.open();
        assert_eq!(future.result()?, u64::from(worker), "it does not listen");

        let limit = Duration::from_millis(1);
        let error = pool.submit(spin::task().timeout(limit)).result().expect_err("too long");
        assert!(matches!(error, TaskError::TimedOut { limit: told, .. } if told == limit), "{error:?}");
        assert!(!children::lives(worker));

        let worker = pool.submit(pid::task()).result()?;
        let looping = pool.submit(spin::task());
        while !looping.is_running() {
            thread::yield_now();
        }
        pool.shutdown(Shutdown::Abort { grace: Duration::from_millis(1) });
        assert!(matches!(looping.result(), Err(TaskError::PoolShutDown)));
        assert!(!children::lives(worker));
        Ok(())
    })
}

/// pebble: `test_process_pool_stop_large_data`.
///
/// The worker stands still, so that the argument is on its way for as long as it takes.
#[test]
fn a_pool_that_is_sending_a_large_argument_can_be_aborted() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(1)?;
        let worker = pool.submit(pid::task()).result()?;
        children::stop(worker);
        let sending = pool.submit(echo_owned::task(vec![b'a'; LARGE]));
        while !children::thread_sleeps("ProcessPoolExecutor_0") {
            thread::yield_now();
        }
        assert_eq!(sending.state(), State::Pending);
        pool.shutdown(Shutdown::Abort { grace: Duration::ZERO });
        let end = sending.result().map(|bytes| bytes.len());
        assert!(matches!(end, Err(TaskError::Cancelled)), "{end:?}");
        assert!(!children::lives(worker));
        Ok(())
    })
}

/// Is at work for so long.
#[pool_task(process)]
fn work_for(time: Duration) -> Duration {
    thread::sleep(time);
    time
}

/// pebble: `test_process_pool_map_timeout_chunks`.
///
/// The limit is each call's own, also inside of a chunk, where pebble's is the chunk's: what is shown is that chunks,
/// too, may take longer than it.
#[test]
fn a_chunk_may_take_longer_than_the_limit_of_each_call() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(1)?;
        // A machine that is too slow for a limit gets a longer one.
        let is_in_time = (6..12).map(|power| Duration::from_millis(1 << power)).any(|limit| {
            let times = [limit / 4; 20];
            let results = pool.map(|time| work_for::task(time).timeout(limit), times).chunk_size(5);
            match results.collect::<Result<Vec<_>, _>>() {
                Ok(worked) => {
                    assert_eq!(worked, times);
                    true
                }
                Err(TaskError::TimedOut { .. }) => false,
                Err(other) => panic!("{other:?}"),
            }
        });
        assert!(is_in_time, "no limit was long enough for a call");
        Ok(())
    })
}

/// pebble: `test_process_pool_exception_isolated`.
///
/// It costs not even the worker.
#[test]
fn a_panic_with_any_payload_leaves_the_next_call_alone() -> Outcome {
    /// Panics with something that is no text.
    #[pool_task(process)]
    fn raise() {
        panic_any(Death::Crash)
    }
    limited(|| {
        let pool = ProcessPoolExecutor::new(1)?;
        let worker = pool.submit(pid::task()).result()?;
        let error = pool.submit(raise::task()).result().expect_err("a panic");
        assert!(matches!(error, TaskError::Panicked(_)), "{error:?}");
        let next = [pool.submit(square::task(3)), pool.submit(square::task(4))];
        let same = pool.submit(pid::task());
        pool.shutdown(Shutdown::Drain);
        assert_eq!(next.map(|future| future.result().ok()), [Some(9), Some(16)]);
        assert_eq!(same.result()?, worker);
        Ok(())
    })
}
