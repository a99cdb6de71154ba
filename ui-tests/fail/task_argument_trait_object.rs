use executor_runtime::prelude::*;

#[pool_task(process)]
fn apply(function: Box<dyn Fn(u64) -> u64>, n: u64) -> u64 {
    function(n)
}

fn main() {}
