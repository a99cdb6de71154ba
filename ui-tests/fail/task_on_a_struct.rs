use executor_runtime::prelude::*;

#[pool_task(process)]
struct Square;

fn main() {}
