use executor_runtime::prelude::*;

#[pool_task(process, timeout =)]
fn wait() {}

fn main() {}
