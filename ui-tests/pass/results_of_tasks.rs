// What a task returns is its value: a `Result` of the function stays apart from the executor's own.
#![deny(warnings)]

use std::error::Error;
use std::fmt;

use executor_runtime::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Refused {
    Odd(u64),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refused::Odd(n) = self;
        write!(f, "{n} is odd")
    }
}

impl Error for Refused {}

type Halved = Result<u64, Refused>;

#[pool_task(process)]
fn half(n: u64) -> Halved {
    if n.is_multiple_of(2) { Ok(n / 2) } else { Err(Refused::Odd(n)) }
}

#[pool_task(process)]
fn parsed(text: &str) -> Result<u64, String> {
    let n: u64 = text.parse().map_err(|error: std::num::ParseIntError| error.to_string())?;
    Ok(n)
}

#[pool_task(process)]
fn nested(n: u64) -> Result<Option<Result<u64, ()>>, ()> {
    if n == 0 { Err(()) } else { Ok(Some(half(n).map_err(drop))) }
}

#[pool_task(thread)]
fn opened(path: &'static str) -> std::io::Result<std::fs::File> {
    std::fs::File::open(path)
}

#[pool_task(thread)]
fn boxed(n: u64) -> Result<u64, Box<dyn Error + Send + Sync>> {
    Ok(half(n)?)
}

fn quarter(pool: &dyn Executor, n: u64) -> Result<u64, Box<dyn Error>> {
    let half = pool.submit(half::task(n)).result()??;
    Ok(pool.submit(half::task(half)).result()??)
}

fn total(pool: &ProcessPoolExecutor, texts: &[&str]) -> Result<u64, Box<dyn Error>> {
    let total = with_pool!(pool as pool => {
        let mut total = 0;
        for n in pool.map(parsed::task, texts.iter().copied()) {
            total += n??;
        }
        total
    })?;
    Ok(total)
}

fn main() {
    let threads = ThreadPoolExecutor::new(1).unwrap();
    let processes = ProcessPoolExecutor::new(1).unwrap();
    for pool in [&threads as &dyn Executor, &processes] {
        assert_eq!(quarter(pool, 12).unwrap(), 3);
        assert_eq!(quarter(pool, 6).unwrap_err().downcast_ref(), Some(&Refused::Odd(3)));
        let nested = [0, 1, 2].map(|n| pool.submit(nested::task(n)).result().unwrap());
        assert_eq!(nested, [Err(()), Ok(Some(Err(()))), Ok(Some(Ok(1)))]);
    }
    assert_eq!(total(&processes, &["1", "2"]).unwrap(), 3);
    assert_eq!(total(&processes, &["1", "two"]).unwrap_err().to_string(), "invalid digit found in string");
    assert!(threads.submit(opened::task("/nowhere")).result().unwrap().is_err());
    assert_eq!(threads.submit(boxed::task(3)).result().unwrap().unwrap_err().to_string(), "3 is odd");
}
