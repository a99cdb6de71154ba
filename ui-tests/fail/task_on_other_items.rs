use executor_runtime::prelude::*;

#[pool_task(process)]
struct Square;

#[pool_task(process)]
impl Square {}

#[pool_task(process)]
mod squares {}

#[pool_task(process)]
const SQUARE: fn(u64) -> u64 = |n| n * n;

#[pool_task(process)]
macro_rules! square {
    () => {};
}

fn main() {}
