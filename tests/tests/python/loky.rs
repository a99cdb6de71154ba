//! Tests of loky's process executor that CPython's suite does not have: deaths that race, and workers that go away
//! while there is work for them.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::thread;

use executor_runtime::WorkerExit;
use executor_runtime::prelude::*;
use executor_tests::alone::is_alone;
use executor_tests::census::{self, Counted};
use executor_tests::children;
use executor_tests::gate::{self, Gate, Hold};
use executor_tests::tasks::*;
use executor_tests::watchdog::limited;
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize, Serializer};

use crate::Outcome;

/// Kills the worker that comes after the caller's in a circle, once nobody holds it back; who that was.
#[pool_task(process)]
fn kill_a_friend(gate: &Path, hold: &Path, workers: &[u32]) -> u32 {
    gate::pass(gate);
    gate::held(hold);
    let itself = workers.iter().position(|&worker| worker == std::process::id()).expect("one of them");
    let friend = workers[(itself + 1) % workers.len()];
    // One that its own friend has killed may be gone already.
    let _ = kill_process(Pid::from_raw(friend.cast_signed()).expect("a pid"), Signal::KILL);
    friend
}

/// loky: `test_crash_races`.
///
/// The pool is not broken: each death costs the task that ran there, if any, and the worker is replaced.
#[test]
fn workers_that_kill_each_other_cost_their_own_tasks_only() -> Outcome {
    limited(|| {
        for max_workers in [1, 2, 5, 13] {
            let folder = tempfile::tempdir()?;
            let gates: Vec<_> = (0..max_workers).map(|n| Gate::new(folder.path(), &n.to_string())).collect();
            let pool = ProcessPoolExecutor::new(max_workers)?;
            let all_at_gates = || gates.iter().map(Gate::await_task).collect::<Vec<_>>();

            let futures: Vec<_> = gates.iter().map(|gate| pool.submit(gate::pass::task(gate.path()))).collect();
            drop(all_at_gates());
            let workers = futures.into_iter().map(TaskFuture::result).collect::<Result<BTreeSet<_>, _>>()?;
            let workers: Vec<u32> = workers.into_iter().map(u32::try_from).collect::<Result<_, _>>()?;
            assert_eq!(workers.len(), max_workers);
            assert!(workers.iter().all(|&worker| children::lives(worker)));

            let hold = Hold::new(folder.path(), "hold");
            let kill = |gate: &Gate| pool.submit(kill_a_friend::task(gate.path(), hold.path(), &workers));
            let futures: Vec<_> = gates.iter().map(kill).collect();
            drop(all_at_gates());
            drop(hold);
            let mut killed = 0;
            for future in futures {
                match future.result() {
                    Ok(friend) => children::await_end(friend),
                    Err(TaskError::WorkerDied(death)) => {
                        assert_eq!(death.exit.signal_name(), Some("SIGKILL"));
                        assert!(workers.contains(&death.pid));
                        killed += 1;
                    }
                    Err(other) => panic!("{other:?}"),
                }
            }
            // The only one has no friend but itself.
            assert!(max_workers > 1 || killed == 1);

            let squares: Vec<_> = pool.map(square::task, 0..40).collect::<Result<_, _>>()?;
            assert_eq!(squares, (0..40).map(square).collect::<Vec<_>>());
        }
        Ok(())
    })
}

/// loky: `test_queue_full_deadlock`.
#[test]
fn a_hundred_arguments_that_cannot_be_written_hang_nobody() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(1)?;
        let submit = |writable| (0..100).map(move |number| take_writable_if::task(Choosy { number, writable }));
        let failing: Vec<_> = submit(false).map(|call| pool.submit(call)).collect();
        let others: Vec<_> = submit(true).map(|call| pool.submit(call)).collect();
        for future in failing {
            let error = future.result().expect_err("refused");
            assert!(matches!(error, TaskError::Encode(_)), "{error:?}");
        }
        for (number, future) in (0..).zip(others) {
            assert_eq!(future.result()?, number);
        }
        Ok(())
    })
}

/// loky: `test_sigkill_shutdown_leaks_workers`.
#[test]
fn a_program_that_kills_itself_leaves_no_worker() -> Outcome {
    const NAME: &str = "loky::a_program_that_kills_itself_leaves_no_worker";
    const WORKER: &str = "worker: ";
    if std::env::var_os("KILLS_ITSELF").is_some() {
        with_pool!(process(max_workers = 2) as pool => {
            let numbers = pool.map(square::task, 0..100).collect::<Result<Vec<_>, _>>()?;
            assert_eq!(numbers.len(), 100);
            for worker in children::pids() {
                println!("\n{WORKER}{worker}");
            }
            children::send(std::process::id(), Signal::KILL);
        })?;
    }
    limited(|| {
        let program = Command::new(std::env::current_exe()?)
            .args([NAME, "--exact", "--nocapture"])
            .env("KILLS_ITSELF", "1")
            .output()?;
        let said = String::from_utf8(program.stdout)?;
        let workers: Vec<u32> = said.lines().filter_map(|line| line.strip_prefix(WORKER)?.parse().ok()).collect();
        assert!(!program.status.success() && !workers.is_empty(), "{said}");
        // Only a parent is told that a process has ended, and this one's is gone.
        while workers.iter().any(|&worker| children::lives(worker)) {
            thread::yield_now();
        }
        Ok(())
    })
}

#[test]
fn an_abort_after_the_kill_of_a_worker_leaves_no_worker() -> Outcome {
    // All children are counted.
    if !is_alone("loky::an_abort_after_the_kill_of_a_worker_leaves_no_worker")? {
        return Ok(());
    }
    limited(|| {
        for grace in [Duration::ZERO, Duration::from_mins(1)] {
            let folder = tempfile::tempdir()?;
            let gates = ["0", "1"].map(|name| Gate::new(folder.path(), name));
            let pool = ProcessPoolExecutor::new(2)?;
            let futures = gates.each_ref().map(|gate| pool.submit(gate::pass::task(gate.path())));
            let _at_gates = gates.each_ref().map(Gate::await_task);
            let queued = pool.submit(square::task(3));
            let workers = children::pids();
            assert_eq!(workers.len(), 2);
            children::send(workers[0], Signal::KILL);
            // The abort comes before the death is seen, or while the worker is replaced, or after that.
            pool.shutdown(Shutdown::Abort { grace });
            assert_eq!(children::pids(), []);
            for future in futures {
                let error = future.result().expect_err("aborted or killed");
                assert!(matches!(error, TaskError::PoolShutDown | TaskError::WorkerDied(_)), "{error:?}");
            }
            let end = queued.result();
            assert!(matches!(end, Ok(9) | Err(TaskError::Cancelled | TaskError::PoolShutDown)), "{end:?}");
        }
        Ok(())
    })
}

/// Submits in a callback of a task that runs; the error of what was submitted.
fn submitted_in_a_callback<T: Send + 'static>(
    pool: &ProcessPoolExecutor,
    submit: impl FnOnce(&ProcessPoolExecutor) -> TaskFuture<T> + Send + 'static,
) -> Result<TaskError, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let gate = Gate::new(folder.path(), "gate");
    let (tell, told) = mpsc::channel();
    let future = pool.submit(gate::pass::task(gate.path()));
    let waiting = gate.await_task();
    let callers_pool = pool.clone();
    let caller = thread::current().id();
    future.on_done(move |_| {
        let submitted = submit(&callers_pool);
        tell.send((submitted, thread::current().id())).expect("a receiver");
    });
    waiting.open();
    // Nobody waits for the task, who could end it instead.
    let (submitted, called_by) = told.recv()?;
    future.result()?;
    assert_ne!(called_by, caller, "the callback runs where the task ends");
    Ok(submitted.error().expect("a failure"))
}

/// loky: `test_in_callback_submit_with_crash`.
///
/// The pool is not broken, so it is one pool for all cases but the exits in the caller's process, which would end it.
#[test]
fn a_callback_may_submit_what_crashes() -> Outcome {
    const SEGFAULT: WorkerExit = WorkerExit::Signal(11);
    limited(|| {
        let pool = ProcessPoolExecutor::new(2)?;
        let death = |error| match error {
            TaskError::WorkerDied(death) => death.exit,
            other => panic!("the worker did not die: {other:?}"),
        };
        let ends = [
            (Death::Crash, SEGFAULT),
            (Death::Exit(1), WorkerExit::Code(1)),
            // An end without any sign of a failure.
            (Death::Exit(0), WorkerExit::Code(0)),
        ];
        for (how, exit) in ends {
            let read = submitted_in_a_callback(&pool, move |pool| pool.submit(take_deadly::task(DeadlyToRead(how))))?;
            assert_eq!(death(read), exit);
            let written = submitted_in_a_callback(&pool, move |pool| pool.submit(give_deadly::task(how)))?;
            assert_eq!(death(written), exit);
        }
        assert_eq!(death(submitted_in_a_callback(&pool, |pool| pool.submit(segfault::task()))?), SEGFAULT);
        assert_eq!(death(submitted_in_a_callback(&pool, |pool| pool.submit(exit::task(0)))?), WorkerExit::Code(0));

        let errors = [
            submitted_in_a_callback(&pool, |pool| pool.submit(take_unwritable::task(Unwritable)))?,
            submitted_in_a_callback(&pool, |pool| pool.submit(take_unreadable::task(Unreadable)))?,
            submitted_in_a_callback(&pool, |pool| pool.submit(give_unwritable::task()))?,
            submitted_in_a_callback(&pool, |pool| pool.submit(give_unreadable::task()))?,
            submitted_in_a_callback(&pool, |pool| pool.submit(panic_with::task(7)))?,
        ];
        assert!(
            matches!(
                errors,
                [
                    TaskError::Encode(_),
                    TaskError::Decode(_),
                    TaskError::Encode(_),
                    TaskError::Decode(_),
                    TaskError::Panicked(_)
                ]
            ),
            "{errors:?}"
        );
        assert_eq!(pool.submit(square::task(3)).result()?, 9);
        Ok(())
    })
}

/// An argument that takes as long to write as it takes something else to go away.
#[derive(Debug, Serialize, Deserialize)]
struct SlowlyWritten {
    #[serde(serialize_with = "After::write")]
    after: After,
}

/// What goes away.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum After {
    /// All values of this number, and with them the threads that hold them.
    Threads(u64),
    /// A worker that ends.
    Worker(u32),
    /// A worker that is killed.
    Kill(u32),
}

impl After {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Threads(number) => census::await_none(number),
            Self::Worker(worker) => children::await_end(worker),
            Self::Kill(worker) => {
                children::send(worker, Signal::KILL);
                children::await_end(worker);
            }
        }
        self.serialize(serializer)
    }
}

/// The process that it runs in. What it borrows is written for threads, too.
#[pool_task(process)]
fn take_slowly_written(_value: &SlowlyWritten) -> u32 {
    std::process::id()
}

/// Has the calling thread hold a counted value until it ends.
fn reside(number: u64) {
    thread_local! {
        static RESIDENT: RefCell<Option<Counted>> = const { RefCell::new(None) };
    }
    RESIDENT.set(Some(Counted::of(number)));
}

/// loky: `test_worker_timeout_with_slowly_pickling_objects`.
///
/// Only threads have an idle limit here: theirs end while the arguments of the next call are written, or made.
/// What goes away of a process pool at such a moment is a worker that has run the last of its tasks, or is killed.
#[test]
fn workers_that_go_away_while_an_argument_is_written_stall_nothing() -> Outcome {
    limited(|| {
        for patience in [0, 1, 10].map(Duration::from_millis) {
            let number = census::new_number();
            let pool = ThreadPoolExecutor::builder()
                .max_workers(2)
                .idle_timeout(patience)
                .initializer(move || reside(number))
                .build()?;
            pool.submit(|| ()).result()?;
            let slow = [(); 5].map(|()| SlowlyWritten { after: After::Threads(number) });
            assert_eq!(pool.map(take_slowly_written::task, &slow).flatten().count(), 5);
            let slowly_made = (0..5).inspect(|_| census::await_none(number));
            let made = pool.map(|n| move || n, slowly_made).collect::<Result<Vec<_>, _>>()?;
            assert_eq!(made, [0, 1, 2, 3, 4]);
        }

        let pool = ProcessPoolExecutor::builder().max_workers(1).max_tasks_per_child(1).build()?;
        let mut workers = vec![pool.submit(pid::task()).result()?];
        for n in 0..5 {
            let slow = SlowlyWritten { after: After::Worker(workers[n]) };
            workers.push(pool.submit(take_slowly_written::task(&slow)).result()?);
        }
        assert_eq!(workers.iter().collect::<BTreeSet<_>>().len(), 6, "{workers:?}");

        let pool = ProcessPoolExecutor::new(1)?;
        for _ in 0..5 {
            let worker = pool.submit(pid::task()).result()?;
            let slow = SlowlyWritten { after: After::Kill(worker) };
            assert_ne!(pool.submit(take_slowly_written::task(&slow)).result()?, worker);
        }
        Ok(())
    })
}

/// How each pool of [`descend`] is shut down.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Ending {
    Drain,
    Abort,
}

/// Runs so many pools inside of each other; the limit, if they are too many.
#[pool_task(process)]
fn descend(pools: u32, ending: Ending) -> Result<u32, u32> {
    if pools == 0 {
        return Ok(42);
    }
    let pool = match ProcessPoolExecutor::new(1) {
        Err(PoolError::TooDeep { limit }) => return Err(limit),
        pool => pool.expect("a pool"),
    };
    let result = pool.submit(descend::task(pools - 1, ending)).result().expect("no failure but one of depth");
    pool.shutdown(match ending {
        Ending::Drain => Shutdown::Drain,
        Ending::Abort => Shutdown::Abort { grace: Duration::ZERO },
    });
    result
}

/// loky: `test_max_depth`.
#[test]
fn ten_pools_may_be_nested_and_the_eleventh_is_refused() -> Outcome {
    limited(|| {
        for ending in [Ending::Drain, Ending::Abort] {
            assert_eq!(descend(10, ending), Ok(42));
            assert_eq!(descend(11, ending), Err(10));
        }
        Ok(())
    })
}

/// loky: `test_exited_child`.
///
/// The pool is not broken, and takes what is submitted afterwards.
#[test]
fn a_task_that_exits_costs_nobody_else_anything() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(1)?;
        let error = pool.submit(exit::task(42)).result().expect_err("gone");
        assert!(matches!(&error, TaskError::WorkerDied(death) if death.exit == WorkerExit::Code(42)), "{error:?}");
        assert_eq!(pool.submit(power::task(2, 8)).result()?, 256);
        Ok(())
    })
}
