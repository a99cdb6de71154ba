use executor_runtime::prelude::*;

fn run(processes: &ProcessPoolExecutor) {
    processes.submit(|| 6 * 7);
}

fn main() {}
