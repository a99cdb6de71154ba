use executor_runtime::prelude::*;

#[pool_task(process)]
trait Shape {
    fn area(width: u64) -> u64;
}

fn main() {}
