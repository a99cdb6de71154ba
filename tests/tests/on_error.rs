//! `on_error`: what a block of `with_pool!` does to its tasks when it is left by an error or by a panic.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};

use executor_runtime::prelude::*;
use executor_tests::children;
use executor_tests::gate::{self, Gate, Waiting};
use executor_tests::tasks::{pid, spin_after, square};
use executor_tests::watchdog::limited;

type Any = Box<dyn Error>;

/// How a block is left.
#[derive(Clone, Copy)]
enum Way {
    End,
    Nothing,
    Return,
    Error,
    Panic,
}

/// When the task that runs may go on.
#[derive(Clone, Copy)]
enum Until {
    /// The block is left: what is queued behind it has a chance to run.
    Left,
    /// What is queued behind it was cancelled.
    Cancelled,
    /// Never.
    Killed,
}

/// One task that runs on the one worker of a block's pool, and those that are queued behind it.
#[derive(Default)]
struct Tasks {
    futures: Vec<TaskFuture<u64>>,
    waiting: Option<Waiting>,
}

impl Tasks {
    /// Submits them. What it returns is a local of the block.
    fn start(&mut self, pool: &dyn Executor, until: Until) -> Option<Waiting> {
        let folder = tempfile::tempdir().expect("a folder");
        let gate = Gate::new(folder.path(), "gate");
        self.futures.push(pool.submit(gate::pass::task(gate.path())));
        let waiting = gate.await_task();
        // So many that one of them is still there when a block that should not cancel them does.
        self.futures.extend((0..20).map(|n| pool.submit(square::task(n))));
        match until {
            Until::Left => return Some(waiting),
            Until::Cancelled => self.futures[20].on_done(move |_| waiting.open()),
            Until::Killed => self.waiting = Some(waiting),
        }
        None
    }

    /// How the running one has ended, and how all others have. All of them are done when the block is left.
    fn ends(self) -> (&'static str, &'static str) {
        let mut ends: Vec<_> = self.futures.into_iter().map(end).collect();
        ends.dedup();
        match ends[..] {
            [all] => (all, all),
            [running, queued] => (running, queued),
            _ => panic!("the queued ones ended in several ways: {ends:?}"),
        }
    }
}

fn end(mut future: TaskFuture<u64>) -> &'static str {
    match future.try_result() {
        None => "not done",
        Some(Ok(_)) => "ran",
        Some(Err(TaskError::Cancelled)) => "cancelled",
        Some(Err(TaskError::PoolShutDown)) => "shut down",
        Some(Err(error)) => panic!("another end: {error}"),
    }
}

/// Leaves a block of this kind, with this option if there is one, in the given way; how its tasks have ended.
macro_rules! ends {
    ($kind:ident $(, on_error = $word:ident)?; $until:expr, $way:expr) => {{
        fn leave(way: Way, until: Until, tasks: &mut Tasks) -> Result<Option<()>, Any> {
            fn or_nothing(way: Way, until: Until, tasks: &mut Tasks) -> Option<()> {
                let left = with_pool!($kind(max_workers = 1 $(, on_error = $word)?) as pool => {
                    let _waiting = tasks.start(pool, until);
                    if let Way::Nothing = way {
                        None?;
                    }
                });
                left.ok()
            }
            if let Way::Nothing = way {
                return Ok(or_nothing(way, until, tasks));
            }
            with_pool!($kind(max_workers = 1 $(, on_error = $word)?) as pool => {
                let _waiting = tasks.start(pool, until);
                match way {
                    Way::Return => return Ok(None),
                    Way::Error => Err("left")?,
                    Way::Panic => panic!("left"),
                    Way::End | Way::Nothing => {}
                }
            })?;
            Ok(Some(()))
        }
        let (mut tasks, way, until) = (Tasks::default(), $way, $until);
        let left = catch_unwind(AssertUnwindSafe(|| leave(way, until, &mut tasks)));
        match (way, left) {
            (Way::End, Ok(Ok(Some(())))) | (Way::Nothing | Way::Return, Ok(Ok(None))) => {}
            (Way::Error, Ok(Err(error))) => assert_eq!(error.to_string(), "left"),
            (Way::Panic, Err(panic)) => assert_eq!(panic.downcast_ref(), Some(&"left")),
            (_, left) => panic!("left in another way: {left:?}"),
        }
        tasks.ends()
    }};
}

#[test]
fn an_error_or_a_panic_cancels_what_has_not_started_and_awaits_what_runs() {
    limited(|| {
        for way in [Way::Error, Way::Panic] {
            assert_eq!(ends!(thread; Until::Cancelled, way), ("ran", "cancelled"));
            assert_eq!(ends!(process; Until::Cancelled, way), ("ran", "cancelled"));
            assert_eq!(ends!(thread, on_error = cancel; Until::Cancelled, way), ("ran", "cancelled"));
            assert_eq!(ends!(process, on_error = cancel; Until::Cancelled, way), ("ran", "cancelled"));
        }
    });
}

#[test]
fn with_wait_everything_runs_all_the_same() {
    limited(|| {
        for way in [Way::Error, Way::Panic] {
            assert_eq!(ends!(thread, on_error = wait; Until::Left, way), ("ran", "ran"));
            assert_eq!(ends!(process, on_error = wait; Until::Left, way), ("ran", "ran"));
        }
    });
}

#[test]
fn with_kill_what_runs_is_killed_and_the_rest_cancelled() {
    limited(|| {
        for way in [Way::Error, Way::Panic] {
            assert_eq!(ends!(process, on_error = kill; Until::Killed, way), ("shut down", "cancelled"));
        }
    });
}

#[test]
fn a_block_that_is_left_without_an_error_runs_everything_whatever_the_option() {
    limited(|| {
        for way in [Way::End, Way::Nothing, Way::Return] {
            assert_eq!(ends!(thread, on_error = wait; Until::Left, way), ("ran", "ran"));
            assert_eq!(ends!(thread, on_error = cancel; Until::Left, way), ("ran", "ran"));
            assert_eq!(ends!(process, on_error = wait; Until::Left, way), ("ran", "ran"));
            assert_eq!(ends!(process, on_error = cancel; Until::Left, way), ("ran", "ran"));
            assert_eq!(ends!(process, on_error = kill; Until::Left, way), ("ran", "ran"));
        }
    });
}

#[test]
fn a_loop_without_an_end_ends_when_its_block_fails() {
    fn fail(worker: &mut u32, endless: &mut Option<TaskFuture<()>>) -> Result<(), Any> {
        with_pool!(process(max_workers = 1, on_error = kill) as pool => {
            *worker = pool.submit(pid::task()).result()?;
            let folder = tempfile::tempdir()?;
            let gate = Gate::new(folder.path(), "gate");
            *endless = Some(pool.submit(spin_after::task(gate.path())));
            gate.await_task().open();
            Err("no reason to go on")?;
        })?;
        Ok(())
    }
    limited(|| {
        let (mut worker, mut endless) = (0, None);
        assert_eq!(fail(&mut worker, &mut endless).expect_err("it fails").to_string(), "no reason to go on");
        assert!(worker > 0 && !children::lives(worker));
        assert!(matches!(endless.map(TaskFuture::result), Some(Err(TaskError::PoolShutDown))));
    });
}

#[test]
fn the_option_is_the_blocks_own_and_not_the_one_of_a_block_around() {
    fn fail(outer: &mut Tasks, inner: &mut Tasks) -> Result<(), Any> {
        with_pool!(thread(max_workers = 1, on_error = wait) as pool => {
            let _waiting = outer.start(pool, Until::Left);
            with_pool!(process(max_workers = 1, on_error = kill) as pool => {
                inner.start(pool, Until::Killed);
                Err("left")?;
            })?;
        })?;
        Ok(())
    }
    limited(|| {
        let (mut outer, mut inner) = (Tasks::default(), Tasks::default());
        fail(&mut outer, &mut inner).expect_err("it fails");
        assert_eq!((outer.ends(), inner.ends()), (("ran", "ran"), ("shut down", "cancelled")));
    });
}
