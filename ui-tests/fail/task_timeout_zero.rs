use executor_runtime::prelude::*;

#[pool_task(thread, timeout = "0s")]
fn wait() {}

fn main() {}
