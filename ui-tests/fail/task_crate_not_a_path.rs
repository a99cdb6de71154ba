use executor_runtime::prelude::*;

#[pool_task(process, crate = "executor_runtime")]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {}
