use executor_runtime::prelude::*;

#[pool_task(thread, retries = 2)]
fn again() {}

fn main() {}
