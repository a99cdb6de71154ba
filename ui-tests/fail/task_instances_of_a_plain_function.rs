use executor_runtime::prelude::*;

#[pool_task(process, instances(u32))]
fn square(n: u32) -> u32 {
    n * n
}

fn main() {}
