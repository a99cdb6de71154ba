use executor_runtime::prelude::*;

#[pool_task(process)]
extern "C" fn square(n: u64) -> u64 {
    n * n
}

fn main() {}
