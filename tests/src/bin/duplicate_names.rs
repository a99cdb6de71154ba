//! A program in which two tasks have one name.

use executor_runtime::prelude::*;

#[pool_task(process, name = "twice")]
fn first() {}

#[pool_task(process, name = "twice")]
fn second() {}

fn main() {
    let error = ProcessPoolExecutor::new(1).expect_err("two tasks of one name");
    println!("{error}");
}
