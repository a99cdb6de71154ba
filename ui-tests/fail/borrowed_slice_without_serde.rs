use executor_runtime::prelude::*;

struct Opaque;

#[pool_task(process)]
fn take(values: &[Opaque]) {}

fn main() {}
