use executor_runtime::prelude::*;

#[pool_task(thread, version = 2)]
fn stay() {}

fn main() {}
