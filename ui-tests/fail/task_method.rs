use executor_runtime::prelude::*;

struct Shape(u64);

impl Shape {
    #[pool_task(process)]
    fn area(&self) -> u64 {
        self.0
    }
}

fn main() {}
