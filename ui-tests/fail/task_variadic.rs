use executor_runtime::prelude::*;

#[pool_task(process)]
fn sum(n: u64, ...) -> u64 {
    n
}

fn main() {}
