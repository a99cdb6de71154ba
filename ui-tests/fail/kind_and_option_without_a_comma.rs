use executor_runtime::prelude::*;

#[pool_task(process name = "square")]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {}
