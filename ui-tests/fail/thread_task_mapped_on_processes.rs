use executor_runtime::prelude::*;

#[pool_task(thread)]
fn square(n: u64) -> u64 {
    n * n
}

fn run(processes: &ProcessPoolExecutor) {
    for _ in processes.map(square::task, 0..3) {}
}

fn main() {}
