// A block goes into functions of every kind: what leaves it leaves them.
#![deny(warnings)]

use std::error::Error;
use std::fmt::Display;
use std::ops::ControlFlow;

use executor_runtime::prelude::*;

fn boxed(n: u64) -> Result<u64, Box<dyn Error>> {
    let total = with_pool!(thread(max_workers = 1) as pool => {
        if n == 0 {
            return Err("nothing to do".into());
        }
        let parsed: u64 = "2".parse()?;
        pool.submit(move || n + parsed).result()?
    })?;
    Ok(total)
}

fn of_the_pool(n: u64) -> Result<u64, PoolError> {
    with_pool!(thread(max_workers = 1) as pool => { pool.submit(move || n).result().unwrap_or(0) })
}

fn optional(n: Option<u64>) -> Option<u64> {
    with_pool!(thread(max_workers = 1) as pool => {
        let n = n?;
        if n == 0 {
            return None;
        }
        pool.submit(move || n).result().ok()?
    })
    .ok()
}

fn nothing(seen: &mut Vec<u64>, stop: bool) {
    let done = with_pool!(thread(max_workers = 1) as pool => {
        seen.push(1);
        if stop {
            return;
        }
        seen.push(pool.submit(|| 2).result().unwrap());
    });
    done.unwrap();
    seen.push(3);
}

fn opaque(n: u64) -> impl Iterator<Item = u64> {
    let list = with_pool!(thread(max_workers = 1) as pool => {
        pool.map(move |k| move || n + k, 0..2).map(Result::unwrap).collect::<Vec<_>>()
    });
    list.unwrap().into_iter()
}

fn opaque_return(stop: bool) -> impl Display {
    let text = with_pool!(thread(max_workers = 1) as pool => {
        if stop {
            return "stopped".to_owned();
        }
        pool.submit(|| "ran".to_owned()).result().unwrap()
    });
    text.unwrap()
}

fn flow(n: u64) -> ControlFlow<u64> {
    let doubled = with_pool!(thread(max_workers = 1) as pool => {
        if n > 1 {
            return ControlFlow::Break(n);
        }
        pool.submit(move || 2 * n).result().unwrap()
    });
    if doubled.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(0) }
}

fn generic<T: Send + Clone + 'static, E: From<TaskError> + From<PoolError>>(value: &T) -> Result<T, E> {
    let value = value.clone();
    Ok(with_pool!(thread(max_workers = 1) as pool => { pool.submit(move || value).result()? })?)
}

fn borrowed<'a>(text: &'a str, other: &str) -> Result<&'a str, Box<dyn Error>> {
    let shorter = with_pool!(thread(max_workers = 1) as pool => {
        if text.is_empty() {
            return Ok(text);
        }
        pool.submit(|| &text[..other.len()]).result()?
    })?;
    Ok(shorter)
}

const fn constant() -> fn() -> u64 {
    || with_pool!(thread(max_workers = 1) as pool => { pool.submit(|| 5).result().unwrap() }).unwrap()
}

const CONSTANT: fn(u64) -> Option<u64> = |n| {
    let n = with_pool!(thread(max_workers = 1) as _pool => { n.checked_sub(1)? });
    n.ok()
};

async fn between_awaits() -> Result<u64, Box<dyn Error>> {
    let first = std::future::ready(1).await;
    let second = with_pool!(thread(max_workers = 1) as pool => {
        // What is inside of an async block or a closure of the block is its own.
        let _later = async { std::future::ready(1).await };
        pool.submit(|| 2).result()?
    })?;
    Ok(first + second + std::future::ready(3).await)
}

#[pool_task(process)]
fn of_a_task(text: &str) -> Result<u64, String> {
    let pool = with_pool!(thread(max_workers = 1) as pool => {
        let n: u64 = text.parse().map_err(|_| text.to_owned())?;
        pool.submit(move || n + 1).result().map_err(|error| error.to_string())?
    });
    pool.map_err(|error| error.to_string())
}

struct Counter<'a> {
    pool: &'a ThreadPoolExecutor,
    count: u64,
}

trait Counts {
    fn count(&self) -> u64;
    fn doubled(&self) -> u64 {
        with_pool!(thread(max_workers = 1) as _pool => { 2 * self.count() }).unwrap()
    }
}

impl Counts for Counter<'_> {
    fn count(&self) -> u64 {
        with_pool!(self.pool as pool => { pool.submit(|| self.count).result().unwrap() }).unwrap()
    }
}

impl Counter<'_> {
    fn next(&mut self) -> Result<&mut Self, Box<dyn Error>> {
        with_pool!(self.pool as pool => {
            let count = &mut self.count;
            pool.submit(move || *count += 1).result()?;
        })?;
        Ok(self)
    }

    fn into_count(self) -> u64 {
        let Self { pool, count } = self;
        with_pool!(pool as pool => { pool.submit(move || count).result().unwrap() }).unwrap()
    }
}

impl Drop for Total {
    fn drop(&mut self) {
        let _ = with_pool!(thread(max_workers = 1) as pool => { pool.submit(|| self.0.push(1)); });
    }
}

struct Total(Vec<u64>);

fn main() -> Result<(), Box<dyn Error>> {
    assert_eq!((boxed(1)?, boxed(0).unwrap_err().to_string()), (3, "nothing to do".into()));
    assert_eq!(of_the_pool(2)?, 2);
    assert_eq!([optional(Some(1)), optional(Some(0)), optional(None)], [Some(1), None, None]);
    let mut seen = Vec::new();
    nothing(&mut seen, false);
    nothing(&mut seen, true);
    assert_eq!(seen, [1, 2, 3, 1]);
    assert_eq!(opaque(1).sum::<u64>(), 3);
    assert_eq!(format!("{} {}", opaque_return(true), opaque_return(false)), "stopped ran");
    assert_eq!((flow(1), flow(2)), (ControlFlow::Continue(()), ControlFlow::Break(2)));
    assert_eq!(generic::<_, Box<dyn Error>>(&"a".to_owned())?, "a");
    assert_eq!((borrowed("abc", "a")?, borrowed("", "a")?), ("a", ""));
    assert_eq!((constant()(), CONSTANT(3), CONSTANT(0)), (5, Some(2), None));
    let mut future = std::pin::pin!(between_awaits());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(six) = future.as_mut().poll(&mut context) else { unreachable!("nothing is waited for") };
    assert_eq!(six?, 6);

    let pool = ThreadPoolExecutor::new(1)?;
    let mut counter = Counter { pool: &pool, count: 1 };
    assert_eq!((counter.next()?.next()?.count(), counter.doubled()), (3, 6));
    assert_eq!(counter.into_count(), 3);
    drop(Total(Vec::new()));
    let tasks = with_pool!(process(max_workers = 1) as pool => {
        ["1", "x"].map(|text| pool.submit(of_a_task::task(text)).result().unwrap())
    })?;
    assert_eq!(tasks, [Ok(2), Err("x".to_owned())]);
    let closure = |n: u64| -> Result<u64, Box<dyn Error>> {
        with_pool!(pool as pool => {
            if n == 0 {
                return Ok(7);
            }
            pool.submit(move || n).result()?
        })
        .map_err(Into::into)
    };
    assert_eq!((closure(0)?, closure(1)?), (7, 1));
    with_pool!(pool as _pool => {
        if pool.submit(|| true).result()? {
            return Ok(());
        }
    })?;
    unreachable!("the block has left `main`")
}
