use executor_runtime::prelude::*;

#[pool_task(process)]
fn first(text: &str) -> &str {
    &text[..1]
}

fn main() {}
