use executor_runtime::prelude::*;

#[pool_task(process)]
fn count(text: &'static str) -> usize {
    text.len()
}

fn main() {}
