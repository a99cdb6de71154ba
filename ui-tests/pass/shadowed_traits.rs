// Traits, functions and type parameters of the user's with the names that the expansions rely on.
#![deny(warnings)]
#![allow(dead_code)]

use executor_runtime::{ThreadPoolExecutor, pool_task, with_pool};

trait Send {}
trait Sync {}
trait Sized {}
trait Fn {}
trait FnOnce {}
trait From {}
trait Into {}
trait Iterator {}
trait Drop {}
trait Probe {}
trait Default {}
trait Task {}
trait OwnedTask {}
trait ProcessTask {}
trait Executor {}
trait ExecutorExt {
    fn submit(&self) {}
    fn map(&self) {}
}
impl<T> ExecutorExt for T {}
trait Question {
    fn branch(self)
    where
        Self: ::core::marker::Sized,
    {
    }
    fn open(&self) {}
    fn build(&self) {}
}
impl<T> Question for T {}

fn drop() {}
fn scope() {}
fn taken() {}

#[pool_task(process)]
fn sum(text: &str, n: u64) -> u64 {
    n + text.len() as u64
}

fn total(pool: &ThreadPoolExecutor, stop: bool) -> Result<u64, Box<dyn std::error::Error>> {
    let total = with_pool!(pool as pool => {
        let first = pool.submit(sum::task("ab", 1)).result()?;
        if stop {
            return Ok(first);
        }
        first + pool.submit(|| 1).result()?
    })?;
    Ok(total)
}

fn main() {
    let pool = ThreadPoolExecutor::new(1).unwrap();
    assert_eq!(total(&pool, false).unwrap(), 4);
    assert_eq!(total(&pool, true).unwrap(), 3);
    let five = with_pool!(thread(max_workers = 1) as pool => { pool.submit(sum::task("ab", 3)).result().unwrap() });
    assert_eq!(five.unwrap(), 5);
}
