use std::borrow::Cow;

use executor_runtime::prelude::*;

#[pool_task(process)]
fn first(text: &str) -> &str {
    &text[..1]
}

#[pool_task(thread)]
fn trimmed<'a>(text: &'a str) -> Cow<'a, str> {
    text.trim().into()
}

fn main() {}
