use executor_runtime::prelude::*;

#[pool_task(process)]
fn choose(_: u64) -> fn(u64) -> u64 {
    |n| n * n
}

fn main() {}
