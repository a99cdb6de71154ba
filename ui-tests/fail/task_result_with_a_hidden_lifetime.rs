use executor_runtime::prelude::*;

#[pool_task(process)]
fn words(text: &str) -> std::str::SplitWhitespace {
    text.split_whitespace()
}

fn main() {}
