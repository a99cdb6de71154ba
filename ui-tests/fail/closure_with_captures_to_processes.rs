use executor_runtime::prelude::*;

fn run(processes: &ProcessPoolExecutor, n: u64) {
    processes.submit(move || n * n);
}

fn main() {}
