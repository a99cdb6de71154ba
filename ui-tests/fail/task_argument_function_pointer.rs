use executor_runtime::prelude::*;

#[pool_task(process)]
fn apply(function: fn(u64) -> u64, n: u64) -> u64 {
    function(n)
}

fn main() {}
