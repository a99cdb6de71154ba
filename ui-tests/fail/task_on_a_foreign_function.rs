use executor_runtime::prelude::*;

unsafe extern "C" {
    #[pool_task(process)]
    safe fn abs(n: i32) -> i32;
}

fn main() {}
