// Names of the user that are also names in the expansions.
#![allow(dead_code, non_camel_case_types)]

use executor_runtime::prelude::*;

struct Result;
struct Option;
struct Ok;
struct Some;
enum Send {}
mod core {}
mod std {}
mod linkme {}
mod __private {}

#[pool_task(process)]
fn task(task: u8, call: u8) -> u8 {
    task + call
}

#[pool_task(process)]
fn out(out: &str, input: &str, arg0: u8) -> u8 {
    let _ = (out, input);
    arg0
}

fn total(pool: &ThreadPoolExecutor) -> ::std::result::Result<u8, Box<dyn ::std::error::Error>> {
    let (value, slot0, end, error, residual) = (1_u8, 2, 3, 4, 5);
    let total = with_pool!(pool as scope => {
        let value = scope.submit(move || value).result()?;
        value + slot0 + end + error + residual + scope.submit(task::task(1, 2)).result()?
    });
    ::std::result::Result::Ok(total?)
}

fn main() {
    let pool = ThreadPoolExecutor::new(1).unwrap();
    assert_eq!(total(&pool).unwrap(), 18);
    assert_eq!(pool.submit(out::task("", "", 3)).result().unwrap(), 3);
}
