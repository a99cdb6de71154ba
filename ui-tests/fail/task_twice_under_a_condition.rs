use executor_runtime::prelude::*;

#[pool_task(process)]
#[cfg_attr(all(), pool_task(thread))]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {}
