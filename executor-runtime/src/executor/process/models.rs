//! Models of a worker and of all who may be at it, under random schedules: see `task::models` for how they run.
//!
//! Pool, lane, station, crew, jobs and futures are those that are shipped. The worker is played by a thread, and the
//! link by two queues; the models of `wire::ring` are about the real one.

mod worker;

use std::sync::Arc;
use std::time::Duration;

use shuttle::thread;

use self::worker::{Spin, Square};
use super::crew::Crew;
use super::lane::{LaneOptions, ProcessLane};
use super::{Executor, ProcessPoolExecutor, Shutdown};
use crate::error::TaskError;
use crate::future::State;
use crate::pool::{Owner, Pool, PoolOptions};
use crate::sys::environment::Environment;
use crate::sys::limits::Limits;
use crate::task::Call;
use crate::wire::LinkKind;
use crate::worker::output::{WorkerStderr, WorkerStdout};
use crate::worker::starting::WorkerOptions;
use crate::worker::wear::Recycling;

/// Enough that each of the bugs named below was found every time.
const SCHEDULES: usize = 2_000;

fn check(model: impl Fn() + Send + Sync + 'static) {
    shuttle::check_random(model, SCHEDULES);
}

fn pool(max_lanes: usize) -> ProcessPoolExecutor {
    let crew = Arc::new(Crew::new());
    let (lanes_crew, closed_crew) = (Arc::clone(&crew), Arc::clone(&crew));
    let make_lane = move || {
        let worker = WorkerOptions {
            depth: 1,
            stack_size_bytes: 0,
            start_limit: Duration::ZERO,
            link: LinkKind::IpcChannel,
            max_value_len_bytes: u64::MAX,
            limits: Limits::default(),
            environment: Environment::default(),
            recycling: Recycling::default(),
            stdout: WorkerStdout::default(),
            stderr: WorkerStderr::default(),
        };
        let options = LaneOptions {
            worker,
            initializer: None,
            timeout: None,
            grace: Duration::ZERO,
            restart_limit: None,
            model: worker::worker,
        };
        Box::new(ProcessLane::new(options, Arc::clone(&lanes_crew))) as Box<_>
    };
    let options = PoolOptions {
        max_lanes,
        name_prefix: "model".to_owned(),
        stack_size_bytes: None,
        idle_timeout: None,
        max_pending: None,
    };
    let pool = Pool::with_free_lanes(options, make_lane, move || closed_crew.close());
    ProcessPoolExecutor { pool: Owner::new(pool), crew, counts_tasks: false }
}

fn square(pool: &ProcessPoolExecutor, n: u64) -> crate::future::TaskFuture<u64> {
    pool.submit(Call::<Square>::new((n,)))
}

#[test]
fn everybody_who_waits_gets_an_answer() {
    check(|| {
        let pool = pool(1);
        let waiters = [2, 3, 4].map(|n| {
            let pool = pool.clone();
            thread::spawn(move || {
                for n in [n, n + 10] {
                    assert_eq!(square(&pool, n).result().expect("a value"), n * n);
                }
            })
        });
        for waiter in waiters {
            waiter.join().expect("a waiter");
        }
        pool.shutdown(Shutdown::Drain);
    });
}

/// Found: a pool that ends while somebody still tells an answer. That one has to stand still for long, which a scheduler
/// that gives everybody the same chance hardly lets it do; so here threads have priorities, which change now and then.
#[test]
fn a_pool_has_ended_when_all_that_was_submitted_has() {
    let model = || {
        let pool = pool(1);
        // So that the next one goes to an idle worker.
        assert_eq!(square(&pool, 2).result().expect("a value"), 4);
        let future = square(&pool, 3);
        let handle = future.handle();
        let waits = thread::spawn(move || future.result());
        pool.shutdown(Shutdown::Drain);
        assert!(handle.is_done());
        assert_eq!(waits.join().expect("no panic").expect("a value"), 9);
    };
    shuttle::check_pct(model, SCHEDULES, 3);
}

#[test]
fn a_burst_is_answered_without_anybody_who_waits() {
    check(|| {
        let pool = pool(2);
        let futures: Vec<_> = (0..6).map(|n| square(&pool, n)).collect();
        pool.shutdown(Shutdown::Drain);
        assert!(futures.iter().all(|future| future.is_done()));
    });
}

/// With two workers and, in a model, one processor: what is not sent behind others waits for the worker that has them.
#[test]
fn what_waits_for_a_quick_worker_is_answered() {
    check(|| {
        let pool = pool(2);
        let warm: Vec<_> = (0..2).map(|n| square(&pool, n)).collect();
        assert!(warm.into_iter().zip(0..).all(|(future, n)| future.result().expect("a value") == n * n));
        let submits = [3, 20].map(|first| {
            let pool = pool.clone();
            thread::spawn(move || (first..first + 7).map(|n| (n, square(&pool, n))).collect::<Vec<_>>())
        });
        for submits in submits {
            for (n, future) in submits.join().expect("no panic") {
                let (tell, told) = shuttle::sync::mpsc::channel();
                future.on_done(move |result| tell.send(*result.expect("a value")).expect("a receiver"));
                assert_eq!(told.recv().expect("a value"), n * n);
            }
        }
    });
}

#[test]
fn what_is_cancelled_is_cancelled_wherever_it_is() {
    check(|| {
        let pool = pool(1);
        let futures: Vec<_> = (0..5).map(|n| square(&pool, n)).collect();
        let handle = futures[3].handle();
        let cancels = thread::spawn(move || handle.cancel());
        let ended = futures.into_iter().map(|future| future.result());
        let results: Vec<_> = ended.collect();
        let cancelled = cancels.join().expect("no panic");
        for (n, result) in (0..).zip(results) {
            match result {
                Ok(value) => assert_eq!(value, n * n),
                Err(TaskError::Cancelled) => assert!(cancelled && n == 3),
                Err(error) => panic!("{error:?}"),
            }
        }
        // What is behind a task that was taken back goes on.
        assert_eq!(square(&pool, 9).result().expect("a value"), 81);
    });
}

/// Found: tasks that take a number and are not sent, and numbers that lie farther apart than there are claims.
#[test]
fn what_is_cancelled_in_a_long_queue_costs_no_other() {
    check(|| {
        let pool = pool(1);
        assert_eq!(square(&pool, 2).result().expect("a value"), 4);
        let futures: Vec<_> = (0..14).map(|n| square(&pool, n)).collect();
        let handles: Vec<_> = futures[3..11].iter().map(crate::future::TaskFuture::handle).collect();
        let cancels = thread::spawn(move || handles.iter().filter(|handle| handle.cancel()).count());
        let results: Vec<_> = futures.into_iter().map(|future| future.result()).collect();
        let cancelled = results.iter().filter(|result| matches!(result, Err(TaskError::Cancelled))).count();
        assert_eq!(cancels.join().expect("no panic"), cancelled);
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 14 - cancelled);
    });
}

/// A kill finds its task wherever that is: it never ends by itself. Found: a task that is cancelled while it is sent to
/// its worker, and runs there; a kill that wakes nobody.
#[test]
fn what_is_killed_ends_wherever_it_is_and_nothing_else() {
    check(|| {
        let pool = pool(1);
        let (first, doomed) = (square(&pool, 2), pool.submit(Call::<Spin>::new(())));
        let handle = doomed.handle();
        let kills = thread::spawn(move || {
            // Most often that is not before it has started.
            let mut patience = shuttle::rand::Rng::gen_range(&mut shuttle::rand::thread_rng(), 0..50);
            while patience > 0 && handle.state() == State::Pending {
                patience -= 1;
                thread::yield_now();
            }
            handle.kill()
        });
        let behind = [3, 4].map(|n| (n, square(&pool, n)));
        assert!(matches!(doomed.result(), Err(TaskError::Cancelled)));
        assert!(kills.join().expect("no panic"));
        assert_eq!(first.result().expect("a value"), 4);
        for (n, future) in behind {
            assert_eq!(future.result().expect("a value"), n * n);
        }
    });
}

/// One that has no time has ended anyway, or ends for that. Found: a worker that is ended for it when it has begun the
/// next.
#[test]
fn a_time_limit_ends_its_call_and_nothing_else() {
    check(|| {
        let pool = pool(1);
        let first = square(&pool, 2);
        let limited = pool.submit(Call::<Square>::new((30,)).timeout(Duration::ZERO));
        let behind = [40, 41, 42, 43].map(|n| (n, square(&pool, n)));
        // The lane wakes for what is cancelled, and looks at the clock.
        let cancelled = [8, 9, 10].map(|n| square(&pool, n).handle());
        let cancels = thread::spawn(move || cancelled.map(|handle| handle.cancel()));
        for (n, future) in behind {
            assert_eq!(future.result().expect("a value"), n * n);
        }
        match limited.result() {
            Ok(value) => assert_eq!(value, 900),
            Err(error) => assert!(matches!(error, TaskError::TimedOut { .. }), "{error:?}"),
        }
        assert_eq!(first.result().expect("a value"), 4);
        cancels.join().expect("no panic");
    });
}

#[test]
fn a_shutdown_while_others_submit_ends_every_future() {
    check(|| {
        let pool = pool(1);
        let submits = {
            let pool = pool.clone();
            thread::spawn(move || [5, 6].map(|n| square(&pool, n).result()))
        };
        Executor::shutdown(&pool, Shutdown::CancelPending);
        for (n, result) in [5, 6].into_iter().zip(submits.join().expect("no panic")) {
            match result {
                Ok(value) => assert_eq!(value, n * n),
                Err(error) => assert!(matches!(error, TaskError::Cancelled | TaskError::PoolShutDown), "{error:?}"),
            }
        }
    });
}

#[test]
fn an_idle_worker_runs_what_nobody_waits_for() {
    check(|| {
        let pool = pool(1);
        assert_eq!(square(&pool, 2).result().expect("a value"), 4);
        // The first is cancelled, if that is not too late, while the worker is idle but for it.
        let (first, second) = (square(&pool, 3), square(&pool, 4));
        first.cancel();
        let (tell, told) = shuttle::sync::mpsc::channel();
        second.on_done(move |result| tell.send(*result.expect("a value")).expect("a receiver"));
        drop(second);
        assert_eq!(told.recv().expect("a value"), 16);
        drop(first);
        let (tell, told) = shuttle::sync::mpsc::channel();
        square(&pool, 5).on_done(move |result| tell.send(*result.expect("a value")).expect("a receiver"));
        assert_eq!(told.recv().expect("a value"), 25);
    });
}
