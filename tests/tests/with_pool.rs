//! What `with_pool!` promises: the block's value, real control flow out of it, and nothing left running behind it.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use executor_runtime::prelude::*;
use executor_tests::gate::{self, Gate, Waiting};
use executor_tests::tasks::{count, initialize, initialized, parse, spin, square};
use executor_tests::watchdog::limited;

type Outcome = Result<(), Box<dyn Error>>;

// ---- values and options

#[test]
fn the_value_is_the_blocks() -> Outcome {
    limited(|| {
        let sum = with_pool!(thread(max_workers = 2) as pool => {
            let (a, b) = (pool.submit(|| 1), pool.submit(|| 2));
            a.result()? + b.result()?
        })?;
        assert_eq!(sum, 3);
        let squares: Vec<u64> = with_pool!(process(max_workers = 2) as pool => {
            pool.map(square::task, 0..4).collect::<Result<_, _>>()?
        })?;
        assert_eq!(squares, [0, 1, 4, 9]);
        let () = with_pool!(thread() as _pool => {})?;
        Ok(())
    })
}

#[test]
fn a_result_at_the_end_is_a_value() -> Outcome {
    limited(|| {
        let value: Result<Result<u64, TaskError>, PoolError> =
            with_pool!(thread(max_workers = 1) as pool => { pool.submit(|| 1).result() });
        assert_eq!(value??, 1);
        let value = with_pool!(thread(max_workers = 1) as _pool => { Err::<u64, _>("an error") });
        assert_eq!(value?, Err("an error"));
        Ok(())
    })
}

#[test]
fn options_reach_the_builder() -> Outcome {
    limited(|| {
        let prefix = String::from("io");
        let (name, workers) = with_pool!(
            thread(max_workers = 3, thread_name_prefix = prefix, stack_size = 1 << 20) as pool => {
                let name = pool.submit(|| thread::current().name().map(str::to_owned)).result()?;
                (name, pool.max_workers())
            }
        )?;
        assert_eq!((name.as_deref(), workers), (Some("io_0"), 3));
        let late = with_pool!(
            process(max_workers = 1, timeout = Duration::from_millis(20), prewarm = 1, stack_size = 1 << 20,
                    transport = executor_runtime::Transport::IpcChannel) as pool => {
                pool.submit(spin::task()).result()
            }
        )?;
        assert!(matches!(late, Err(TaskError::TimedOut { .. })), "{late:?}");
        Ok(())
    })
}

#[test]
fn initializers_and_limits_reach_the_builder() -> Outcome {
    limited(|| {
        let value = with_pool!(
            thread(max_workers = 1, max_pending = 1, idle_timeout = Duration::ZERO, initializer = || ()) as pool => {
                pool.submit(|| 5).result()?
            }
        )?;
        assert_eq!(value, 5);
        let mark = String::from("ready");
        let marks = with_pool!(
            process(
                max_workers = 1,
                max_pending = 1,
                max_tasks_per_child = 1,
                initializer = initialize::task(mark),
            ) as pool => {
                pool.submit(initialized::task()).result()?
            }
        )?;
        assert_eq!(marks, ["ready"]);
        Ok(())
    })
}

#[test]
fn zero_workers_at_run_time_are_the_pools_error_and_the_block_does_not_run() {
    fn on_threads(workers: usize) -> Result<(), PoolError> {
        with_pool!(thread(max_workers = workers) as _pool => { panic!("the block ran") })
    }
    fn on_processes(workers: usize) -> Result<(), PoolError> {
        with_pool!(process(max_workers = workers) as _pool => { panic!("the block ran") })
    }
    limited(|| {
        assert!(matches!(on_threads(0), Err(PoolError::ZeroWorkers)));
        assert!(matches!(on_processes(0), Err(PoolError::ZeroWorkers)));
    });
}

#[test]
fn options_are_computed_outside_of_the_block() -> Outcome {
    fn workers(text: &str) -> Result<usize, Box<dyn Error>> {
        let workers = with_pool!(thread(max_workers = text.parse()?) as pool => { pool.max_workers() })?;
        Ok(workers)
    }
    limited(|| {
        assert_eq!(workers("2")?, 2);
        assert!(workers("two").is_err_and(|error| error.to_string().contains("invalid digit")));
        Ok(())
    })
}

// ---- ways out

#[test]
fn a_question_mark_leaves_the_function() {
    fn number(text: &str) -> Result<i32, Box<dyn Error>> {
        let number = with_pool!(thread(max_workers = 1) as pool => {
            let parsed = pool.submit(parse::task(text)).result()??;
            parsed.checked_mul(2).ok_or("too large")?
        })?;
        Ok(number + 1)
    }
    limited(|| {
        assert_eq!(number("20").expect("a number"), 41);
        assert!(number("x").is_err_and(|error| error.to_string().contains("invalid digit")));
        assert!(number("2000000000").is_err_and(|error| error.to_string() == "too large"));
    });
}

#[test]
fn a_return_leaves_the_function() {
    fn which(n: u64) -> u64 {
        let value = with_pool!(thread(max_workers = 1) as pool => {
            if n == 0 {
                return 10;
            }
            let Some(rest) = n.checked_sub(2) else { return 11 };
            match rest {
                0 => return pool.submit(|| 12).result().unwrap_or_default(),
                1 => {}
                _ => { return 13 }
            }
            rest
        });
        value.map_or(0, |value| value + 100)
    }
    limited(|| assert_eq!([which(0), which(1), which(2), which(3), which(4)], [10, 11, 12, 101, 13]));
}

#[test]
fn ways_out_work_in_functions_of_any_type() {
    fn option(value: Option<u64>) -> Option<u64> {
        let doubled = with_pool!(thread(max_workers = 1) as pool => {
            let value = value?;
            if value == 0 {
                return Some(0);
            }
            pool.submit(move || value * 2).result().ok()?
        });
        doubled.ok()
    }
    fn nothing(n: u64, log: &mut Vec<u64>) {
        let done = with_pool!(thread(max_workers = 1) as _pool => {
            if n == 1 {
                return;
            }
        });
        log.push(n);
        done.expect("a pool");
    }
    fn like_main(arguments: &[&str]) -> ExitCode {
        let code = with_pool!(thread(max_workers = 1) as pool => {
            let Some(first) = arguments.first() else {
                return ExitCode::from(2);
            };
            pool.submit(|| u8::try_from(first.len()).unwrap_or(u8::MAX)).result().map_or(ExitCode::FAILURE, ExitCode::from)
        });
        code.unwrap_or(ExitCode::FAILURE)
    }
    fn coerced(n: u64) -> Box<dyn Fn() -> u64> {
        let added = with_pool!(thread(max_workers = 1) as pool => {
            if n == 0 {
                return Box::new(|| 0);
            }
            pool.submit(move || n + 1).result().unwrap_or(0)
        });
        Box::new(move || added.as_ref().map_or(0, |added| *added))
    }
    fn opaque(n: u8) -> impl Iterator<Item = u8> {
        let more = with_pool!(thread(max_workers = 1) as _pool => {
            if n == 0 {
                return vec![0].into_iter();
            }
            n
        });
        vec![n, more.unwrap_or(0)].into_iter()
    }
    fn always() -> u8 {
        with_pool!(thread(max_workers = 1) as _pool => { return 3 }).unwrap_or(0)
    }
    limited(|| {
        assert_eq!([option(None), option(Some(0)), option(Some(2))], [None, Some(0), Some(4)]);
        let mut log = Vec::new();
        (0..3).for_each(|n| nothing(n, &mut log));
        assert_eq!(log, [0, 2]);
        assert_eq!(format!("{:?}", like_main(&[])), format!("{:?}", ExitCode::from(2)));
        assert_eq!(format!("{:?}", like_main(&["four"])), format!("{:?}", ExitCode::from(4)));
        assert_eq!([coerced(0)(), coerced(1)()], [0, 2]);
        assert_eq!([opaque(0).sum::<u8>(), opaque(2).sum()], [0, 4]);
        assert_eq!(always(), 3);
    });
}

#[test]
fn break_and_continue_belong_to_the_loop_around_the_block() -> Outcome {
    limited(|| {
        let mut log = String::new();
        let last = 'out: loop {
            for n in 0..10 {
                with_pool!(thread(max_workers = 1) as pool => {
                    if n == 1 {
                        continue;
                    }
                    for inner in 0..3 {
                        if inner == 1 {
                            continue;
                        }
                        if inner == 2 {
                            break;
                        }
                        write!(log, "{n}")?;
                    }
                    if n == 3 && log.len() < 5 {
                        continue 'out;
                    }
                    if n == 5 {
                        break 'out pool.submit(move || n).result()?;
                    }
                })?;
            }
        };
        assert_eq!((last, log.as_str()), (5, "02302345"));
        for n in 0..3 {
            with_pool!(thread(max_workers = 1) as _pool => {
                if n == 1 {
                    break;
                }
            })?;
            assert_eq!(n, 0);
        }
        Ok(())
    })
}

#[test]
fn break_leaves_a_labelled_block_with_a_value() -> Outcome {
    fn label(n: u64) -> Result<&'static str, PoolError> {
        let label = 'found: {
            with_pool!(thread(max_workers = 1) as _pool => {
                let own = 'own: {
                    if n == 0 {
                        break 'own "own";
                    }
                    break 'found "found";
                };
                assert_eq!(own, "own");
            })?;
            "end"
        };
        Ok(label)
    }
    limited(|| {
        assert_eq!([label(0)?, label(1)?], ["end", "found"]);
        Ok(())
    })
}

#[test]
fn nested_blocks_are_left_one_after_the_other() -> Outcome {
    fn nested(n: u64, log: &Mutex<Vec<&'static str>>) -> Result<u64, Box<dyn Error>> {
        let note = |what| log.lock().expect("nobody panicked").push(what);
        let sum = with_pool!(thread(max_workers = 1) as outer => {
            let inner = with_pool!(process(max_workers = 1) as inner => {
                if n == 0 {
                    return Ok(0);
                }
                let from_outer = outer.submit(|| n).result()?;
                let parsed = inner.submit(parse::task(if n == 1 { "x" } else { "40" })).result()??;
                from_outer + u64::try_from(parsed)?
            })?;
            note("between");
            let shadowed = with_pool!(outer as outer => { outer.submit(square::task(inner)).result()? })?;
            shadowed + 1
        })?;
        note("behind");
        Ok(sum)
    }
    limited(|| {
        let log = Mutex::default();
        assert_eq!(nested(0, &log)?, 0);
        assert!(nested(1, &log).is_err_and(|error| error.to_string().contains("invalid digit")));
        assert!(log.lock().expect("nobody panicked").is_empty());
        assert_eq!(nested(2, &log)?, 42 * 42 + 1);
        assert_eq!(log.into_inner().expect("nobody panicked"), ["between", "behind"]);
        Ok(())
    })
}

#[test]
fn ways_out_inside_of_stds_macros_leave_the_function() {
    fn shout(n: u64) -> Result<String, Box<dyn Error>> {
        let one = |at| if n == at { Err(format!("left at {at}")) } else { Ok(1_u64) };
        let mut out = String::new();
        with_pool!(thread(max_workers = 1) as pool => {
            write!(out, "{} {named}", one(0)?, named = one(1)?)?;
            writeln!(out, "{}", format!("{:?}", vec![one(2)?, one(3)?]))?;
            assert!(one(4)? == 1);
            assert_eq!(one(5)?, one(6)?, "a message {}", one(11)?);
            assert!(matches!(pool.submit(|| 2).result(), Ok(value) if value == one(7)? + 1));
            out.push_str(&format_args!("{:?}", vec![one(8)?; 2]).to_string());
            let debugged = dbg!(one(9)?);
            print!("{}", if debugged == 1 { "" } else { return Err("no".into()) });
        })?;
        Ok(out)
    }
    limited(|| {
        for at in 0..10 {
            assert_eq!(shout(at).expect_err("left").to_string(), format!("left at {at}"));
        }
        assert_eq!(shout(10).expect("the end"), "1 1[1, 1]\n[1, 1]");
    });
}

#[test]
fn what_leaves_a_closure_inside_of_the_block_does_not_leave_the_block() -> Outcome {
    limited(|| {
        let numbers = with_pool!(thread(max_workers = 1) as pool => {
            fn first(text: &str) -> Option<u64> {
                let first = text.chars().next()?;
                if first == '-' {
                    return None;
                }
                first.to_digit(10).map(u64::from)
            }
            let number = |text: &str| -> Result<u64, std::num::ParseIntError> {
                let number = text.parse()?;
                if number == 1 {
                    return Ok(100);
                }
                Ok(number)
            };
            let task = pool.submit(|| {
                let number: u64 = "3".parse().map_err(|_| "no number")?;
                Ok::<_, &str>(number)
            });
            let future = async { std::future::ready(Ok::<u64, TaskError>(5)).await };
            let awaited = futures::executor::block_on(future)?;
            [first("2"), first("-"), number("1").ok(), number("x").ok(), task.result()?.ok(), Some(awaited)]
        })?;
        assert_eq!(numbers, [Some(2), None, Some(100), None, Some(3), Some(5)]);
        Ok(())
    })
}

// ---- what happens to the tasks

/// A pool of one worker, which is busy, and one task queued behind it.
struct Busy {
    waiting: Waiting,
    queued: TaskFuture<u64>,
}

impl Busy {
    fn new(pool: &dyn Executor) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let gate = Gate::new(folder.path(), "gate");
        drop(pool.submit(gate::pass::task(gate.path())));
        let waiting = gate.await_task();
        Self { waiting, queued: pool.submit(square::task(3)) }
    }

    /// Lets the worker go on when the queued task has ended without it, which is when it is cancelled.
    fn until_cancelled(self, report: &Report) {
        let waiting = self.waiting;
        report.attach(&self.queued, move || waiting.open());
    }

    /// Lets the worker go on when the block drops what this returns.
    fn until_left(self, report: &Report) -> Waiting {
        report.attach(&self.queued, || ());
        self.waiting
    }
}

/// How the queued tasks ended.
struct Report {
    sender: mpsc::Sender<&'static str>,
    receiver: mpsc::Receiver<&'static str>,
}

impl Report {
    fn new() -> Self {
        let (sender, receiver) = mpsc::channel();
        Self { sender, receiver }
    }

    fn attach(&self, future: &TaskFuture<u64>, then: impl FnOnce() + Send + 'static) {
        let sender = self.sender.clone();
        future.on_done(move |result| {
            let end = match result {
                Ok(_) => "ran",
                Err(TaskError::Cancelled) => "cancelled",
                Err(_) => "failed",
            };
            sender.send(end).expect("the test listens");
            then();
        });
    }

    /// What has ended by now: nobody waits here.
    fn so_far(&self) -> Vec<&'static str> {
        self.receiver.try_iter().collect()
    }
}

#[test]
fn leaving_by_an_error_cancels_what_has_not_started() {
    fn question(report: &Report) -> Result<(), Box<dyn Error>> {
        with_pool!(thread(max_workers = 1) as pool => {
            Busy::new(pool).until_cancelled(report);
            Err("left")?;
        })?;
        Ok(())
    }
    fn returned(report: &Report) -> Result<(), Box<dyn Error>> {
        with_pool!(thread(max_workers = 1) as pool => {
            Busy::new(pool).until_cancelled(report);
            return Err("left".into());
        })?;
        Ok(())
    }
    fn on_processes(report: &Report) -> Result<(), String> {
        let done = with_pool!(process(max_workers = 1) as pool => {
            Busy::new(pool).until_cancelled(report);
            Err("left")?;
        });
        done.map_err(|error| error.to_string())
    }
    fn from_the_inner_block(report: &Report) -> Result<(), Box<dyn Error>> {
        with_pool!(thread(max_workers = 1) as outer => {
            Busy::new(outer).until_cancelled(report);
            with_pool!(process(max_workers = 1) as inner => {
                Busy::new(inner).until_cancelled(report);
                Err("left")?;
            })?;
        })?;
        Ok(())
    }
    limited(|| {
        let report = Report::new();
        assert_eq!(question(&report).expect_err("left").to_string(), "left");
        assert_eq!(report.so_far(), ["cancelled"]);
        assert_eq!(returned(&report).expect_err("left").to_string(), "left");
        assert_eq!(report.so_far(), ["cancelled"]);
        assert_eq!(on_processes(&report).expect_err("left"), "left");
        assert_eq!(report.so_far(), ["cancelled"]);
        assert_eq!(from_the_inner_block(&report).expect_err("left").to_string(), "left");
        assert_eq!(report.so_far(), ["cancelled", "cancelled"]);
    });
}

#[test]
fn every_other_way_out_waits_for_everything() {
    fn end(report: &Report) -> Result<(), Box<dyn Error>> {
        let _: Result<(), &str> = with_pool!(thread(max_workers = 1) as pool => {
            let _waiting = Busy::new(pool).until_left(report);
            Err("a tail value is a value")
        })?;
        Ok(())
    }
    fn returned_ok(report: &Report) -> Result<(), Box<dyn Error>> {
        with_pool!(thread(max_workers = 1) as pool => {
            let _waiting = Busy::new(pool).until_left(report);
            return Ok(());
        })?;
        Err("behind the block".into())
    }
    fn none(report: &Report) -> Option<()> {
        let done = with_pool!(process(max_workers = 1) as pool => {
            let _waiting = Busy::new(pool).until_left(report);
            None?;
        });
        done.ok()
    }
    fn returned_none(report: &Report) -> Option<()> {
        let done = with_pool!(thread(max_workers = 1) as pool => {
            let _waiting = Busy::new(pool).until_left(report);
            return None;
        });
        done.ok()
    }
    fn jumps(report: &Report) -> Result<Result<(), &'static str>, PoolError> {
        for _ in 0..1 {
            with_pool!(thread(max_workers = 1) as pool => {
                let _waiting = Busy::new(pool).until_left(report);
                continue;
            })?;
        }
        Ok('label: {
            with_pool!(thread(max_workers = 1) as pool => {
                let _waiting = Busy::new(pool).until_left(report);
                break 'label Err("broken off");
            })?;
            Ok(())
        })
    }
    limited(|| {
        let report = Report::new();
        end(&report).expect("the end");
        assert_eq!(report.so_far(), ["ran"]);
        returned_ok(&report).expect("returned");
        assert_eq!(report.so_far(), ["ran"]);
        assert_eq!((none(&report), report.so_far()), (None, vec!["ran"]));
        assert_eq!((returned_none(&report), report.so_far()), (None, vec!["ran"]));
        assert_eq!(jumps(&report).expect("pools"), Err("broken off"));
        assert_eq!(report.so_far(), ["ran", "ran"]);
    });
}

#[test]
fn a_panic_in_the_block_cancels_and_goes_on_outside() {
    limited(|| {
        let report = Report::new();
        let panic = catch_unwind(AssertUnwindSafe(|| {
            with_pool!(thread(max_workers = 1) as pool => {
                Busy::new(pool).until_cancelled(&report);
                panic!("in the block");
            })
        }));
        assert_eq!(panic.expect_err("a panic").downcast_ref(), Some(&"in the block"));
        assert_eq!(report.so_far(), ["cancelled"]);
        let panic = catch_unwind(AssertUnwindSafe(|| {
            with_pool!(process(max_workers = 1) as pool => {
                Busy::new(pool).until_cancelled(&report);
                panic!("in the block");
            })
        }));
        assert!(panic.is_err());
        assert_eq!(report.so_far(), ["cancelled"]);
    });
}

#[test]
fn a_panic_of_a_task_is_its_futures_and_not_the_blocks() -> Outcome {
    limited(|| {
        let ends = with_pool!(thread(max_workers = 1) as pool => {
            let bad = pool.submit(|| panic!("in the task"));
            let (bad, good): (Result<(), _>, _) = (bad.result(), pool.submit(|| 1).result());
            (bad, good?)
        })?;
        assert!(matches!(ends, (Err(TaskError::Panicked(_)), 1)), "{ends:?}");
        Ok(())
    })
}

// ---- existing executors

#[test]
fn an_existing_executor_of_any_type_is_used_and_not_closed() -> Outcome {
    fn by_trait(pool: &dyn Executor) -> Result<usize, Box<dyn Error>> {
        let text = String::from("a rose is a rose");
        Ok(with_pool!(pool as pool => { pool.submit(count::task(&text, "rose")).result()? })?)
    }
    fn by_generic(pool: &impl Executor) -> Result<usize, Box<dyn Error>> {
        Ok(with_pool!(pool as pool => { pool.map(|word| count::task("a a b", word), ["a"]).sum::<Result<_, _>>()? })?)
    }
    #[expect(clippy::needless_pass_by_value, reason = "how a pool is passed is what is tested")]
    fn by_value(pool: Box<dyn Executor>) -> Result<usize, Box<dyn Error>> {
        let hits = with_pool!(pool as pool => { pool.submit(count::task("b", "b")).result()? })?;
        assert_eq!(pool.submit(count::task("b", "b")).result()?, 1, "the box is still there");
        Ok(hits)
    }
    limited(|| {
        let (threads, processes) = (ThreadPoolExecutor::new(1)?, ProcessPoolExecutor::new(1)?);
        let shared: Arc<dyn Executor> = Arc::new(processes.clone());
        assert_eq!([by_trait(&threads)?, by_trait(&processes)?, by_trait(&shared)?], [2, 2, 2]);
        assert_eq!([by_generic(&threads)?, by_generic(&processes)?, by_generic(&shared)?], [2, 2, 2]);
        assert_eq!([by_value(Box::new(threads.clone()))?, by_value(Box::new(shared))?], [1, 1]);
        let borrowed = [1, 2, 3];
        let sum = with_pool!(&threads as pool => { pool.submit(|| borrowed.iter().sum::<i32>()).result()? })?;
        let same = with_pool!(threads as pool => { pool.submit(|| borrowed.iter().sum::<i32>()).result()? })?;
        let nine = with_pool!(processes as pool => { pool.submit(square::task(3)).result()? })?;
        assert_eq!((sum, same, nine), (6, 6, 9));
        assert_eq!(threads.submit(|| 1).result()? + processes.submit(square::task(2)).result()?, 5);
        let temporary = with_pool!(ThreadPoolExecutor::new(1)? as pool => { pool.submit(|| sum).result()? })?;
        assert_eq!(temporary, 6);
        Ok(())
    })
}

#[test]
fn only_what_was_submitted_through_the_handle_is_awaited() -> Outcome {
    fn check(pool: &dyn Executor) -> Outcome {
        let folder = tempfile::tempdir()?;
        let gate = Gate::new(folder.path(), "gate");
        let outside = pool.submit(gate::pass::task(gate.path()));
        let waiting = gate.await_task();
        let inside = with_pool!(pool as pool => { pool.submit(square::task(3)) })?;
        assert!(inside.is_done() && outside.is_running());
        waiting.open();
        outside.result()?;
        Ok(())
    }
    limited(|| {
        check(&ThreadPoolExecutor::new(2)?)?;
        check(&ProcessPoolExecutor::new(2)?)
    })
}

#[test]
fn only_what_was_submitted_through_the_handle_is_cancelled() -> Outcome {
    fn fail(pool: &dyn Executor, report: &Report) -> Result<(), Box<dyn Error>> {
        with_pool!(pool as pool => {
            report.attach(&pool.submit(square::task(4)), || ());
            Err("left")?;
        })?;
        Ok(())
    }
    fn check(pool: &dyn Executor) -> Outcome {
        let report = Report::new();
        let Busy { waiting, queued } = Busy::new(pool);
        assert!(fail(pool, &report).is_err());
        assert_eq!((report.so_far(), queued.state()), (vec!["cancelled"], State::Pending));
        waiting.open();
        assert_eq!(queued.result()?, 9);
        Ok(())
    }
    limited(|| {
        check(&ThreadPoolExecutor::new(1)?)?;
        check(&ProcessPoolExecutor::new(1)?)
    })
}

// ---- borrowing

#[test]
fn tasks_borrow_from_around_the_block() -> Outcome {
    fn longest<'t>(texts: &'t [String], default: &'t str) -> Result<&'t str, Box<dyn Error>> {
        let longest = with_pool!(thread(max_workers = 2) as pool => {
            if texts.is_empty() {
                return Ok(default);
            }
            pool.submit(|| texts.iter().max_by_key(|text| text.len())).result()?
        })?;
        Ok(longest.map_or(default, String::as_str))
    }
    limited(|| {
        let texts = ["a".to_owned(), "bbb".to_owned()];
        assert_eq!([longest(&texts, "none")?, longest(&[], "none")?], ["bbb", "none"]);
        Ok(())
    })
}

#[test]
fn one_task_may_change_a_local() -> Outcome {
    limited(|| {
        let (mut total, mut items, table) = (0, vec![1, 2, 3], [10, 20, 30]);
        with_pool!(thread(max_workers = 3) as pool => {
            pool.submit(|| total = table.iter().sum());
            for item in &mut items {
                pool.submit(|| *item *= table[0]);
            }
        })?;
        assert_eq!((total, items), (60, vec![10, 20, 30]));
        Ok(())
    })
}

#[test]
fn the_block_itself_may_change_locals() -> Outcome {
    #[expect(clippy::unnecessary_wraps, reason = "its `?` is what is tested")]
    fn second(array: &mut [i32; 2]) -> Result<&mut i32, TaskError> {
        Ok(&mut array[1])
    }
    limited(|| {
        let (mut log, mut array) = (Vec::new(), [0; 2]);
        with_pool!(thread(max_workers = 1) as pool => {
            for value in pool.map(|n| move || n * n, 1..4) {
                log.push(value?);
            }
            array[0] = 7;
            *second(&mut array)? += log[2];
        })?;
        assert_eq!((log, array), (vec![1, 4, 9], [7, 9]));
        Ok(())
    })
}

#[test]
fn a_task_may_submit_to_the_scope_it_belongs_to() -> Outcome {
    limited(|| {
        let ran = AtomicUsize::new(0);
        with_pool!(thread(max_workers = 1) as pool => {
            pool.submit(|| {
                for _ in 0..3 {
                    // Relaxed: the end of the block orders it.
                    pool.submit(|| ran.fetch_add(1, Ordering::Relaxed));
                }
            });
        })?;
        assert_eq!(ran.into_inner(), 3);
        Ok(())
    })
}

#[test]
fn a_future_that_leaves_the_block_is_done() -> Outcome {
    limited(|| {
        let table = [1, 2, 3];
        let (threads, mapped) = with_pool!(thread(max_workers = 1) as pool => {
            let mapped: Vec<_> = table.iter().map(|n| pool.submit(move || n * 2)).collect();
            (pool.submit(|| &table[1..]), mapped)
        })?;
        let mut processes = with_pool!(process(max_workers = 1) as pool => { pool.submit(square::task(5)) })?;
        assert!(threads.is_done() && mapped.iter().all(TaskFuture::is_done) && processes.is_done());
        assert_eq!(processes.try_result().expect("done")?, 25);
        assert_eq!(threads.result()?, [2, 3]);
        let mapped: Result<Vec<_>, _> = mapped.into_iter().map(TaskFuture::result).collect();
        assert_eq!(mapped?, [2, 4, 6]);
        Ok(())
    })
}

// ---- order

type Log = Mutex<Vec<&'static str>>;

fn note(log: &Log, what: &'static str) {
    log.lock().expect("nobody panicked").push(what);
}

/// Notes its drop.
struct Local<'l>(&'l Log, &'static str);

impl Drop for Local<'_> {
    fn drop(&mut self) {
        note(self.0, self.1);
    }
}

/// An error that notes its conversion into [`Converted`].
struct Plain<'l>(&'l Log);

#[derive(Debug)]
struct Converted;

impl From<Plain<'_>> for Converted {
    fn from(Plain(log): Plain<'_>) -> Self {
        note(log, "the error is converted");
        Self
    }
}

impl fmt::Display for Converted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("converted")
    }
}

impl Error for Converted {}

#[test]
fn the_tasks_end_between_the_blocks_locals_and_the_way_out() {
    fn leave(log: &Log) -> Result<(), Converted> {
        let _around = Local(log, "the function's local is dropped");
        let done = with_pool!(thread(max_workers = 1) as pool => {
            let (_open, gate) = mpsc::channel::<()>();
            let (started, has_started) = mpsc::channel();
            let _inside = Local(log, "the block's local is dropped");
            pool.submit(move || {
                started.send(()).expect("the block waits");
                // Ends when the block drops `_open`, its last local.
                gate.recv().expect_err("nothing is sent");
                note(log, "the task ends");
            });
            has_started.recv().expect("the task starts");
            note(log, "the operand is computed");
            Err(Plain(log))?;
        });
        note(log, "behind the block");
        done.map_err(|_: PoolError| Converted)
    }
    limited(|| {
        let log = Log::default();
        leave(&log).expect_err("left");
        let expected = [
            "the operand is computed",
            "the block's local is dropped",
            "the task ends",
            "the error is converted",
            "the function's local is dropped",
        ];
        assert_eq!(log.into_inner().expect("nobody panicked"), expected);
    });
}

#[test]
fn a_returned_value_is_computed_inside_and_returned_outside() {
    fn leave(log: &Log) -> u64 {
        let _around = Local(log, "the function's local is dropped");
        let done = with_pool!(thread(max_workers = 1) as pool => {
            pool.submit(|| note(log, "the task ends"));
            return {
                note(log, "the value is computed");
                pool.submit(|| 3).result().unwrap_or(0)
            };
        });
        done.map_or(0, |()| 1)
    }
    limited(|| {
        let log = Log::default();
        assert_eq!(leave(&log), 3);
        let mut entries = log.into_inner().expect("nobody panicked");
        assert_eq!(entries.pop(), Some("the function's local is dropped"));
        entries.sort_unstable();
        assert_eq!(entries, ["the task ends", "the value is computed"]);
    });
}

#[test]
fn what_the_block_may_move_is_dropped_by_its_end() {
    fn leave(log: &Log, moves: bool) {
        let guard = Local(log, "the guard is dropped");
        let done = with_pool!(thread(max_workers = 1) as pool => {
            pool.submit(|| note(log, "the task ends")).result().expect("it ends");
            if moves {
                drop(guard);
            }
            note(log, "the block ends");
        });
        note(log, "behind the block");
        done.expect("a pool");
    }
    limited(|| {
        let [moved, left] = [true, false].map(|moves| {
            let log = Log::default();
            leave(&log, moves);
            log.into_inner().expect("nobody panicked")
        });
        assert_eq!(moved, ["the task ends", "the guard is dropped", "the block ends", "behind the block"]);
        assert_eq!(left, ["the task ends", "the block ends", "the guard is dropped", "behind the block"]);
    });
}

#[test]
fn a_block_stands_in_closures_and_async_functions_too() -> Outcome {
    async fn doubled(n: u64) -> Result<u64, Box<dyn Error>> {
        let n = std::future::ready(n).await;
        let doubled = with_pool!(thread(max_workers = 1) as pool => {
            if n == 0 {
                return Err("nothing to double".into());
            }
            pool.submit(|| n * 2).result()?
        })?;
        Ok(std::future::ready(doubled).await)
    }
    limited(|| {
        let closure = |n: u64| {
            let value = with_pool!(thread(max_workers = 1) as pool => {
                if n == 0 {
                    return Ok(0);
                }
                pool.submit(|| n + 1).result()?
            });
            value.map_err(|error| TaskError::PoolBroken { cause: Arc::new(error) })
        };
        assert_eq!([closure(0)?, closure(1)?], [0, 2]);
        assert_eq!(futures::executor::block_on(doubled(2))?, 4);
        assert!(futures::executor::block_on(doubled(0)).is_err());
        Ok(())
    })
}
