use executor_runtime::prelude::*;

#[pool_task(process)]
fn answer() -> u64 {
    42
}

fn run(any: &dyn Executor) {
    any.submit(answer);
}

fn main() {}
