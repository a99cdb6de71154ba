use executor_runtime::prelude::*;

const LIMIT: u64 = 2;

#[pool_task(process, timeout = LIMIT)]
fn wait() {}

fn main() {}
