use executor_runtime::prelude::*;

#[pool_task(process, timeout = 2)]
fn wait() {}

fn main() {}
