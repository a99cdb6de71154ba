use executor_runtime::prelude::*;

#[pool_task(process)]
fn name(n: u64) -> &'static str {
    if n == 0 { "zero" } else { "many" }
}

fn main() {}
