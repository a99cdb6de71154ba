use executor_runtime::prelude::*;

#[pool_task(process)]
fn square(n: u64) -> u64 {
    n * n
}

fn run(threads: &ThreadPoolExecutor) {
    for _ in threads.map(square, 0..3) {}
}

fn main() {}
