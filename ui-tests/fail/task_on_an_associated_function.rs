use executor_runtime::prelude::*;

struct Square;

impl Square {
    #[pool_task(process)]
    fn area(width: u64) -> u64 {
        width * width
    }
}

fn main() {}
