use executor_runtime::prelude::*;

#[pool_task(process, timeout = "2 parsecs")]
fn travel() {}

fn main() {}
