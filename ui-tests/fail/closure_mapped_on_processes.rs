use executor_runtime::prelude::*;

fn run(processes: &ProcessPoolExecutor) {
    for _ in processes.map(|n: u64| move || n * n, 0..3) {}
}

fn main() {}
