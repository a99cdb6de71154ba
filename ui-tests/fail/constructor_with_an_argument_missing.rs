use executor_runtime::prelude::*;

#[pool_task(process)]
fn square(n: u64) -> u64 {
    n * n
}

fn run(processes: &ProcessPoolExecutor) {
    processes.submit(square::task());
}

fn main() {}
