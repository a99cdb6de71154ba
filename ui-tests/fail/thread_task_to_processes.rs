use executor_runtime::prelude::*;

#[pool_task(thread)]
fn square(n: u64) -> u64 {
    n * n
}

fn both(processes: &ProcessPoolExecutor, any: &dyn Executor) {
    processes.submit(square::task(3));
    any.submit(square::task(3));
}

fn main() {}
