use executor_runtime::prelude::*;

#[pool_task]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    square(3);
}
