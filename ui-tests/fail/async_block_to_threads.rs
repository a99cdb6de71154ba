use executor_runtime::prelude::*;

fn run(threads: &ThreadPoolExecutor) {
    threads.submit(async { 6 * 7 });
}

fn main() {}
