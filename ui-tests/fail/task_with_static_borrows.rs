use executor_runtime::prelude::*;

#[pool_task(process)]
fn name(of: &'static str) -> &'static str {
    of
}

fn main() {}
