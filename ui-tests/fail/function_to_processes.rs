use executor_runtime::prelude::*;

#[pool_task(process)]
fn answer() -> u64 {
    42
}

fn both(processes: &ProcessPoolExecutor, any: &dyn Executor) {
    processes.submit(answer);
    any.submit(answer);
}

fn main() {}
