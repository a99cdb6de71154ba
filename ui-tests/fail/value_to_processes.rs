use executor_runtime::prelude::*;

#[pool_task(process)]
fn square(n: u64) -> u64 {
    n * n
}

fn both(processes: &ProcessPoolExecutor, any: &dyn Executor) {
    processes.submit(square(3));
    any.submit(square(3));
}

fn main() {}
