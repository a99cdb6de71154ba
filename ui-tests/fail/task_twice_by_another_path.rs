use executor_runtime::prelude::*;

#[pool_task(process)]
#[executor_runtime::pool_task(thread)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {}
