use executor_runtime::prelude::*;

#[pool_task(thread)]
fn first<'a>(text: &'a str, other: &str) -> &'a str {
    &text[..other.len()]
}

fn main() {}
