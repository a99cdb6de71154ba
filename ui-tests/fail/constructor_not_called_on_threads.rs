use executor_runtime::prelude::*;

#[pool_task(process)]
fn square(n: u64) -> u64 {
    n * n
}

fn run(threads: &ThreadPoolExecutor) {
    threads.submit(square::task);
}

fn main() {}
