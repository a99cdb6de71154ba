use executor_runtime::prelude::*;

struct Shape(u64);

impl Shape {
    #[pool_task(process)]
    fn area(this: Self) -> u64 {
        this.0
    }
}

fn main() {}
