use executor_runtime::prelude::*;

#[pool_task(process)]
fn square(n: u64) -> u64
where
    u64: Copy,
{
    n * n
}

fn main() {}
