use executor_runtime::prelude::*;

#[pool_task(process, version = 1.5)]
fn serve() {}

fn main() {}
