use executor_runtime::prelude::*;

#[allow(non_camel_case_types)]
struct square {
    n: u64,
}

#[pool_task(process)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {}
