use executor_runtime::prelude::*;

#[pool_task(process, retries = 0)]
fn once() {}

fn main() {}
