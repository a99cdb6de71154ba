use executor_runtime::prelude::*;

#[pool_task(thread, thread)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {}
