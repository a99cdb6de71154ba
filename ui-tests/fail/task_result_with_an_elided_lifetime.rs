use std::borrow::Cow;

use executor_runtime::prelude::*;

#[pool_task(process)]
fn trimmed(text: &str) -> Cow<'_, str> {
    text.trim().into()
}

fn main() {}
