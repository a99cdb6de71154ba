use executor_runtime::prelude::*;

#[pool_task(process, instances(u32, String))]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {}
