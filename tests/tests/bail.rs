//! `bail!` and `ensure!` of anyhow and eyre inside of `with_pool!`: every function stands here once and is there twice,
//! as plain code and in a block, and both do the same in the same order.

use std::fmt::{Debug, Display};
use std::io;

use anyhow::{bail, ensure};
use executor_runtime::prelude::*;
use executor_tests::gate::{self, Gate};
use executor_tests::tasks::square;
use executor_tests::watchdog::limited;

/// Paths of other crates that pass the macros on.
mod color_eyre {
    pub(crate) mod eyre {
        pub(crate) use ::eyre::{bail, ensure};
    }
}

/// What the code of a test does, in its order.
type Log = Vec<i64>;

/// One function as plain code and in a block, each in a module of the function's name.
macro_rules! twice {
    ($(fn $name:ident($n:ident, $log:ident) -> $result:ty { $($body:tt)* })+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            pub(super) fn plain($n: i64, $log: &mut Log) -> $result {
                let value = { $($body)* };
                $log.push(1000);
                Ok(value)
            }

            pub(super) fn in_a_block($n: i64, $log: &mut Log) -> $result {
                let pool = ThreadPoolExecutor::new(1)?;
                let value = with_pool!(pool as _pool => { $($body)* })?;
                $log.push(1000);
                Ok(value)
            }

            pub(super) fn in_two_blocks($n: i64, $log: &mut Log) -> $result {
                let pool = ThreadPoolExecutor::new(1)?;
                let value = with_pool!(pool as outer => {
                    let value = with_pool!(outer as _inner => { $($body)* })?;
                    $log.push(1000);
                    value
                })?;
                Ok(value)
            }
        }
    )+};
}

/// The results and the order of all of them for each number.
macro_rules! compare {
    ($($name:ident)+; $numbers:expr) => {
        limited(|| {
            $(
                let mut failures = 0;
                for n in $numbers {
                    let run = |function: fn(i64, &mut Log) -> _| {
                        let mut log = Log::new();
                        (shown(function(n, &mut log)), log)
                    };
                    let plain = run($name::plain);
                    assert_eq!(run($name::in_a_block), plain, "{} of {n}", stringify!($name));
                    assert_eq!(run($name::in_two_blocks), plain, "{} of {n}, nested", stringify!($name));
                    failures += usize::from(plain.0.is_err());
                }
                assert!(failures > 0, "{} never leaves", stringify!($name));
            )+
        })
    };
}

/// An error with all that it tells: for eyre's that is also the line that made it.
fn shown<T: Debug, E: Display + Debug>(result: Result<T, E>) -> Result<String, (String, String)> {
    result.map(|value| format!("{value:?}")).map_err(|error| (error.to_string(), format!("{error:#?}")))
}

/// Notes that it was asked; an error for 13.
fn lucky(n: i64, log: &mut Log) -> Result<i64, io::Error> {
    log.push(n);
    if n == 13 { Err(io::Error::other("unlucky")) } else { Ok(n) }
}

fn noted(n: i64, log: &mut Log) -> i64 {
    log.push(n);
    n
}

twice! {
    fn bailing(n, log) -> anyhow::Result<i64> {
        let word = "captured";
        match n {
            0 => bail!("a literal"),
            1 => bail!("a {word} value"),
            2 => bail!("{} then {second} then {}", noted(1, log), noted(2, log), second = noted(3, log)),
            3 => bail!(io::Error::other("an error")),
            4 => { bail!("a statement"); }
            5 => anyhow::bail!(lucky(13, log).expect_err("unlucky")),
            6 => bail! { "braces" },
            _ => n + 1,
        }
    }

    fn bailing_with_ways_out(n, log) -> anyhow::Result<i64> {
        match n {
            10 | 13 => bail!("{} then {} then {}", noted(1, log), lucky(n, log)?, noted(2, log)),
            0 => bail!("{}", if noted(0, log) == 0 { return Ok(7) } else { 1 }),
            1 => bail!(io::Error::other(lucky(n, log)?.to_string())),
            2 => bail!(if noted(n, log) == 2 { bail!("the inner one") } else { io::Error::other("the outer one") }),
            3 => bail!("{}", format!("{:?}", vec![lucky(3, log)?, lucky(13, log)?]).len()),
            4 => bail!("{}", with_pool!(ThreadPoolExecutor::new(1)? as _pool => { lucky(13, log)? })?),
            5 => bail!("{}", [4, 13].map(|n| Ok::<_, io::Error>(lucky(n, log)? + 1)).len()),
            6 => 'label: { bail!("{}", if noted(6, log) == 6 { break 'label 8 } else { 1 }) },
            _ => n,
        }
    }

    fn ensuring(n, log) -> anyhow::Result<i64> {
        let (word, limit) = ("captured", 3);
        ensure!(n != 0);
        ensure!(noted(n, log) != 1, "a literal");
        ensure!(n != 2, "a {word} value");
        ensure!(noted(n, log) > limit, "{} then {second}", noted(1, log), second = noted(2, log));
        ensure!(n != 4, io::Error::other("an error"));
        anyhow::ensure!(n < 8 && matches!(n, 5..=7), "qualified");
        let () = ensure!(n != 6, "an expression");
        n * 2
    }

    fn ensuring_with_ways_out(n, log) -> anyhow::Result<i64> {
        ensure!(lucky(n, log)? != 0, "the condition");
        ensure!(noted(n, log) > 1, "{} then {} then {}", noted(1, log), lucky(12 + n, log)?, noted(2, log));
        ensure!(lucky(n, log)? != 2, "both {}", lucky(13, log)?);
        ensure!(if n == 3 { return Ok(33) } else { n != 4 }, "{}", noted(4, log));
        ensure!(n != 5, io::Error::other(lucky(n, log)?.to_string()));
        ensure!({ ensure!(lucky(n, log)? != 6, "the inner one"); n != 7 }, "the outer one");
        n * 2
    }

    fn in_loops(n, log) -> anyhow::Result<i64> {
        let mut sum = 0;
        'outer: for i in 0..6 {
            for j in 0.. {
                ensure!(if j == 1 { continue } else { j < 5 }, "{i} {j}");
                ensure!(match noted(j, log) { 3 if i < n => continue 'outer, 4 => break, _ => true });
                sum += ensured(i + j, n)?;
            }
            if sum == n * 3 {
                bail!("{}", if i == 2 { break 'outer } else { sum });
            }
        }
        sum
    }

    fn of_eyre(n, log) -> eyre::Result<i64> {
        eyre::ensure!(n != 0);
        color_eyre::eyre::ensure!(lucky(n, log)? != 1, "the condition of {n}");
        eyre::ensure!(n != 2, "{} then {}", noted(1, log), lucky(2, log)?);
        eyre::ensure!(n != 3, io::Error::other("an error"));
        match n {
            6 => color_eyre::eyre::bail!("{}", lucky(n, log)?),
            7 => eyre::bail!("a literal"),
            8 => eyre::bail!(io::Error::other("an error")),
            _ => n,
        }
    }
}

fn ensured(n: i64, limit: i64) -> anyhow::Result<i64> {
    ensure!(n <= limit + 3, "{n} is over the limit");
    Ok(n)
}

#[test]
fn they_leave_a_block_as_they_leave_plain_code() {
    compare!(bailing bailing_with_ways_out ensuring ensuring_with_ways_out in_loops; -1..15);
}

#[test]
fn those_of_eyre_do_the_same_and_tell_their_own_place() {
    compare!(of_eyre; -1..15);
}

#[test]
fn a_condition_with_a_way_out_is_quoted_without_its_operands() {
    fn check(n: i64) -> anyhow::Result<()> {
        with_pool!(thread(max_workers = 1) as _pool => { ensure!(lucky(n, &mut Log::new())? == n + 1) })?;
        Ok(())
    }
    let said = check(3).expect_err("it is false").to_string();
    assert_eq!(said.replace(' ', ""), "Conditionfailed:`lucky(n,&mutLog::new())?==n+1`");
}

#[test]
fn errors_keep_their_type() {
    fn fail(n: u8) -> anyhow::Result<()> {
        with_pool!(thread(max_workers = 1) as _pool => {
            ensure!(n != 0, io::Error::other("an error"));
            ensure!(n != 1, "a literal");
            bail!("formatted {}", lucky(5, &mut Log::new())?)
        })?
    }
    let [own, literal, formatted] = [0, 1, 2].map(|n| fail(n).expect_err("it leaves"));
    assert!(own.downcast_ref::<io::Error>().is_some());
    assert_eq!(literal.downcast_ref(), Some(&"a literal"));
    assert_eq!(formatted.downcast_ref(), Some(&"formatted 5".to_owned()));
}

#[test]
fn leaving_by_them_is_leaving_with_an_error() {
    fn fail(ensures: bool, queued: &mut Option<TaskFuture<u64>>) -> anyhow::Result<()> {
        with_pool!(thread(max_workers = 1) as pool => {
            let folder = tempfile::tempdir()?;
            let gate = Gate::new(folder.path(), "gate");
            let pool: &dyn Executor = pool;
            drop(pool.submit(gate::pass::task(gate.path())));
            let waiting = gate.await_task();
            let queued = queued.insert(pool.submit(square::task(3)));
            // The worker goes on when the task behind is cancelled.
            queued.on_done(move |_| waiting.open());
            ensure!(!ensures, "left");
            bail!("left");
        })?
    }
    limited(|| {
        for ensures in [false, true] {
            let mut queued = None;
            assert_eq!(fail(ensures, &mut queued).expect_err("it leaves").to_string(), "left");
            assert!(matches!(queued.map(TaskFuture::result), Some(Err(TaskError::Cancelled))));
        }
    });
}
