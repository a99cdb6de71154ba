use executor_runtime::prelude::*;

#[pool_task(process)]
static SQUARE: fn(u64) -> u64 = |n| n * n;

fn main() {}
