use executor_runtime::prelude::*;

fn answer() -> u64 {
    42
}

fn run(processes: &ProcessPoolExecutor) {
    processes.submit(answer);
}

fn main() {}
