//! Blocks of `with_pool!` as ordinary programs write them, in functions of each kind. CI denies warnings here, with
//! clippy's pedantic lints: what would be right as plain code is right as a block.

use std::error::Error;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use executor_runtime::prelude::*;
use executor_tests::tasks::{count, parse, square};
use executor_tests::watchdog::limited;

type Any = Box<dyn Error>;

const LIMIT: u64 = 100;

struct Service {
    pool: ThreadPoolExecutor,
    shared: Arc<dyn Executor>,
    total: i32,
    seen: Vec<String>,
}

impl Service {
    fn new(workers: usize) -> Result<Self, PoolError> {
        let pool = ThreadPoolExecutor::new(workers)?;
        Ok(Self { shared: Arc::new(pool.clone()), pool, total: 0, seen: Vec::new() })
    }

    fn run(&mut self, text: &str) -> Result<i32, Any> {
        let parsed = with_pool!(self.pool as pool => {
            let parsed = pool.submit(parse::task(text)).result()??;
            self.total += parsed;
            if parsed > 100 {
                self.seen.push(text.to_owned());
                return Ok(self.total);
            }
            parsed
        })?;
        Ok(parsed + self.total)
    }

    fn shared(&self, n: u64) -> anyhow::Result<u64> {
        let value = with_pool!(self.shared as pool => {
            const LEAST: u64 = 3;
            ensure!(n > LEAST, "{n} is too small");
            let first = pool.submit(square::task(n)).result().context("no square")?;
            match first {
                25 => bail!("unlucky"),
                16 => pool.submit(square::task(first)).result()?,
                _ => first,
            }
        })?;
        Ok(value)
    }

    fn into_seen(self) -> Result<Vec<String>, Any> {
        let Self { pool, seen, .. } = self;
        let seen = with_pool!(pool as _pool => {
            if seen.is_empty() {
                return Ok(vec!["nothing".to_owned()]);
            }
            seen
        })?;
        Ok(seen)
    }
}

#[test]
fn blocks_in_methods() -> Result<(), Any> {
    limited(|| {
        let mut service = Service::new(2)?;
        assert_eq!((service.run("40")?, service.run("101")?), (80, 141));
        assert!(service.run("x").is_err());
        assert_eq!((service.shared(4)?, service.shared(6)?), (256, 36));
        assert_eq!(service.shared(3).expect_err("too small").to_string(), "3 is too small");
        assert_eq!(service.shared(5).expect_err("unlucky").to_string(), "unlucky");
        assert_eq!((service.into_seen()?, Service::new(1)?.into_seen()?), (vec!["101".into()], vec!["nothing".into()]));
        Ok(())
    })
}

fn lengths(workers: usize, names: &[&str]) -> Result<Vec<usize>, Any> {
    let prefix = format!("io-{workers}");
    let lengths = with_pool!(thread(max_workers = workers.max(1), thread_name_prefix = prefix) as pool => {
        let futures: Vec<_> = names.iter().map(|name| pool.submit(|| name.len())).collect();
        let mut lengths = Vec::new();
        for future in futures {
            let length = future.result()?;
            if length == 0 {
                continue;
            }
            lengths.push(length);
        }
        lengths
    })?;
    Ok(lengths)
}

fn tail(pool: &ThreadPoolExecutor) -> Result<u64, PoolError> {
    with_pool!(pool as pool => { pool.submit(|| 1).result().unwrap_or(0) })
}

fn nothing(pool: &ThreadPoolExecutor) -> Result<(), PoolError> {
    with_pool!(pool as _pool => {})?;
    with_pool!(pool as _pool => { drop(Vec::<u8>::new()) })?;
    with_pool!(pool as _pool => {
        drop(Vec::<u8>::new());
    })
}

fn nothing_to_return(pool: &ThreadPoolExecutor, flag: &mut bool) {
    let done = with_pool!(pool as pool => {
        if *flag {
            return;
        }
        *flag = pool.submit(|| true).result().unwrap_or_default();
    });
    drop(done);
}

fn always(pool: &ThreadPoolExecutor) -> Result<u64, Any> {
    with_pool!(pool as pool => {
        return Ok(pool.submit(|| 3).result()?);
    })?
}

fn in_a_condition(pool: &ThreadPoolExecutor) -> u64 {
    if let Ok(1) = with_pool!(pool as pool => { pool.submit(|| 1).result().unwrap_or(0) }) {
        return 2;
    }
    match with_pool!(pool as _pool => {}) {
        Ok(()) => 1,
        Err(_) => 0,
    }
}

fn in_an_argument(pool: &ThreadPoolExecutor, n: u64) -> Option<u64> {
    let doubled = Some(with_pool!(pool as pool => { pool.submit(move || n * 2).result().ok()? }).ok()?);
    doubled
        .filter(|value| *value > with_pool!(pool as pool => { pool.submit(|| 1).result().unwrap_or(9) }).unwrap_or(9))
}

fn like_main(pool: &ThreadPoolExecutor, code: u8) -> ExitCode {
    let done = with_pool!(pool as pool => {
        let Ok(value) = pool.submit(move || code).result() else {
            return ExitCode::FAILURE;
        };
        if value > 1 {
            return ExitCode::from(value);
        }
    });
    if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[test]
fn blocks_in_functions() -> Result<(), Any> {
    limited(|| {
        let pool = ThreadPoolExecutor::new(1)?;
        assert_eq!(lengths(2, &["one", "", "three"])?, [3, 5]);
        nothing(&pool)?;
        let mut flag = false;
        nothing_to_return(&pool, &mut flag);
        nothing_to_return(&pool, &mut flag);
        assert!(flag);
        assert_eq!((tail(&pool)?, always(&pool)?, in_a_condition(&pool)), (1, 3, 2));
        assert_eq!((in_an_argument(&pool, 0), in_an_argument(&pool, 2)), (None, Some(4)));
        let codes = [0, 2].map(|code| format!("{:?}", like_main(&pool, code)));
        assert_eq!(codes, [format!("{:?}", ExitCode::SUCCESS), format!("{:?}", ExitCode::from(2))]);
        Ok(())
    })
}

fn letters(pool: &ThreadPoolExecutor, words: &[&str]) -> Result<String, Any> {
    let mut text = String::new();
    'words: for word in words {
        with_pool!(pool as pool => {
            if word.is_empty() {
                continue;
            }
            for letter in word.chars() {
                match letter {
                    '!' => break 'words,
                    '?' => continue 'words,
                    _ => write!(text, "{}", pool.submit(move || letter).result()?)?,
                }
            }
        })?;
    }
    let last = loop {
        with_pool!(pool as pool => {
            let value = pool.submit(|| 3).result()?;
            if value == 3 {
                break value;
            }
        })?;
    };
    while text.len() < 5 {
        with_pool!(pool as _pool => { text.push('-') })?;
    }
    write!(text, "{last}")?;
    Ok(text)
}

fn nested(pool: &ThreadPoolExecutor) -> Result<u64, Any> {
    let sum = with_pool!(pool as outer => {
        let one = with_pool!(pool as inner => { inner.submit(|| 1).result()? + outer.submit(|| 2).result()? })?;
        assert!(with_pool!(outer as _third => { one > 2 })?, "{}", outer.submit(|| 3).result()?);
        with_pool!(outer as third => {
            if one > LIMIT {
                return Ok(LIMIT);
            }
            third.submit(square::task(one)).result()?
        })?
    })?;
    Ok(sum)
}

fn generic<T, const N: usize>(pool: &ThreadPoolExecutor, items: &[T; N]) -> anyhow::Result<Vec<u64>>
where
    T: Copy + Into<u64> + Sync,
{
    let values = with_pool!(pool as pool => {
        ensure!(N > 0, "nothing of {N}");
        let mut values = Vec::with_capacity(N);
        for item in items {
            values.push(pool.submit(|| (*item).into()).result()?);
        }
        values
    })?;
    Ok(values)
}

async fn later(pool: &ThreadPoolExecutor, n: u64) -> Result<u64, Any> {
    let n = std::future::ready(n).await;
    let doubled = with_pool!(pool as pool => {
        if n == 0 {
            return Err("nothing to double".into());
        }
        pool.submit(move || n * 2).result()?
    })?;
    Ok(std::future::ready(doubled).await)
}

/// Nothing says what it returns before its end.
fn in_a_closure_without_a_type(pool: &ThreadPoolExecutor, n: u64) -> Option<u64> {
    let closure = || {
        let sum = with_pool!(pool as outer => {
            let inner = with_pool!(outer as _inner => {
                if n == 0 {
                    return Some(LIMIT);
                }
                n
            });
            inner.ok()? + outer.submit(|| 1).result().ok()?
        });
        sum.ok()
    };
    closure()
}

#[test]
fn blocks_in_loops_in_blocks_and_in_generic_and_async_functions() -> Result<(), Any> {
    limited(|| {
        let pool = ThreadPoolExecutor::new(2)?;
        assert_eq!(letters(&pool, &["ab", "", "c?d", "e!f", "g"])?, "abce-3");
        assert_eq!(nested(&pool)?, 9);
        assert_eq!([0, 1].map(|n| in_a_closure_without_a_type(&pool, n)), [Some(LIMIT), Some(2)]);
        assert_eq!(generic(&pool, &[1_u8, 2])?, [1, 2]);
        assert!(generic::<u8, 0>(&pool, &[]).is_err());
        assert_eq!(futures::executor::block_on(later(&pool, 4))?, 8);
        assert!(futures::executor::block_on(later(&pool, 0)).is_err());
        let hits = with_pool!(process(max_workers = 1, on_error = kill) as pool => {
            let text = "a rose is a rose";
            pool.map(|word| count::task(text, word), ["rose", "is"]).collect::<Result<Vec<_>, _>>()?
        })?;
        assert_eq!(hits, [2, 1]);
        Ok(())
    })
}
