use executor_runtime::prelude::*;

#[pool_task(process)]
fn square(n: u64) -> u64 {
    n * n
}

fn run(any: &dyn Executor) {
    for _ in any.map(square, 0..3) {}
}

fn main() {}
