use executor_runtime::prelude::*;
use std::thread;

#[pool_task(thread)]
fn thread(n: u64) -> u64 {
    n * n
}

fn main() {}
