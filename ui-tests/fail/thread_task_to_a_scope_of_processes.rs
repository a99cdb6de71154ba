use executor_runtime::prelude::*;

#[pool_task(thread)]
fn square(n: u64) -> u64 {
    n * n
}

fn run() {
    let _ = with_pool!(process() as pool => { pool.submit(square::task(3)); });
}

fn main() {}
