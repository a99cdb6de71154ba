use executor_runtime::prelude::*;

#[pool_task(process(timeout = "2s"))]
fn wait() {}

fn main() {}
