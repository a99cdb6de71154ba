use executor_runtime::prelude::*;

const NAME: &str = "square";

#[pool_task(process, name = NAME)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {}
