use executor_runtime::prelude::*;

#[pool_task(process)]
fn length(text: str) -> usize {
    text.len()
}

fn main() {}
