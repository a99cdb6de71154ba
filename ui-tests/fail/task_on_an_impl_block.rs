use executor_runtime::prelude::*;

struct Square;

#[pool_task(process)]
impl Square {
    fn area(width: u64) -> u64 {
        width * width
    }
}

fn main() {}
