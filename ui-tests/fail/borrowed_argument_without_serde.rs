use executor_runtime::prelude::*;

struct Opaque;

#[pool_task(process)]
fn take(value: &Opaque) {}

fn main() {}
