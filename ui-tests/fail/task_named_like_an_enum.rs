use executor_runtime::prelude::*;

#[allow(non_camel_case_types)]
enum square {}

#[pool_task(process)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {}
