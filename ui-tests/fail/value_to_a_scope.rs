use executor_runtime::prelude::*;

#[pool_task(process)]
fn square(n: u64) -> u64 {
    n * n
}

fn run() {
    let _ = with_pool!(thread() as pool => { pool.submit(square(3)); });
}

fn main() {}
