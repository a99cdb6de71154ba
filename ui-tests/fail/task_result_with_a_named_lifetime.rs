use std::borrow::Cow;

use executor_runtime::prelude::*;

#[pool_task(process)]
fn trimmed<'a>(text: &'a str) -> Cow<'a, str> {
    text.trim().into()
}

fn main() {}
