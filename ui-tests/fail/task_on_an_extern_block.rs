use executor_runtime::prelude::*;

#[pool_task(process)]
unsafe extern "C" {
    safe fn abs(n: i32) -> i32;
}

fn main() {}
