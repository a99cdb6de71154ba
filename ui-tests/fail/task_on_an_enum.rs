use executor_runtime::prelude::*;

#[pool_task(process)]
enum Shape {
    Square,
}

fn main() {}
