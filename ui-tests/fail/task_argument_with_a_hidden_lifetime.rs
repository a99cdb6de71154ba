use std::borrow::Cow;

use executor_runtime::prelude::*;

#[pool_task(process)]
fn length(text: Cow<str>) -> usize {
    text.len()
}

fn main() {}
