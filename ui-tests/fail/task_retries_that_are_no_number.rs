use executor_runtime::prelude::*;

#[pool_task(process, retries = "twice")]
fn again() {}

fn main() {}
