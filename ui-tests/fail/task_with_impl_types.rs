use executor_runtime::prelude::*;

#[pool_task(thread)]
fn call(f: impl FnOnce() -> u64) -> impl Send {
    f()
}

fn main() {}
