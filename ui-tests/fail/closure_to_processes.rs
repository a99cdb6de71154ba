use executor_runtime::prelude::*;

fn both(processes: &ProcessPoolExecutor, any: &dyn Executor) {
    processes.submit(|| 6 * 7);
    any.submit(|| 6 * 7);
}

fn main() {}
