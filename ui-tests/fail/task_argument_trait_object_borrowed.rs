use executor_runtime::prelude::*;

#[pool_task(process)]
fn apply(function: &(dyn Fn(u64) -> u64 + Sync), n: u64) -> u64 {
    function(n)
}

fn main() {}
