use executor_runtime::prelude::*;

#[pool_task(proces)]
fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    // The function is there all the same: no error but the one above.
    square(3);
}
