use executor_runtime::prelude::*;

#[pool_task(process)]
union Number {
    n: u64,
}

fn main() {}
