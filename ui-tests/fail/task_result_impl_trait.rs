use executor_runtime::prelude::*;

#[pool_task(thread)]
fn up_to(n: u64) -> impl Iterator<Item = u64> {
    0..n
}

fn main() {}
