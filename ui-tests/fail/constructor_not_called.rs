use executor_runtime::prelude::*;

#[pool_task(process)]
fn square(n: u64) -> u64 {
    n * n
}

fn both(processes: &ProcessPoolExecutor, threads: &ThreadPoolExecutor) {
    processes.submit(square::task);
    threads.submit(square::task);
}

fn main() {}
