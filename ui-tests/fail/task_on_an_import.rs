use executor_runtime::prelude::*;

mod squares {
    pub fn square(n: u64) -> u64 {
        n * n
    }
}

#[pool_task(process)]
use squares::square;

fn main() {
    square(3);
}
