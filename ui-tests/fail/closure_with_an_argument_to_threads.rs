use executor_runtime::prelude::*;

fn run(threads: &ThreadPoolExecutor) {
    threads.submit(|n: u64| n * n);
}

fn main() {}
