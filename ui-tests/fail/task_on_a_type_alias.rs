use executor_runtime::prelude::*;

#[pool_task(process)]
type Square = fn(u64) -> u64;

fn main() {}
