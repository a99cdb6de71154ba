use executor_runtime::prelude::*;

trait Shape {
    #[pool_task(process)]
    fn area(width: u64) -> u64 {
        width * width
    }
}

fn main() {}
