// A task is used by being there: worker processes look it up.
#![deny(warnings, dead_code)]

use executor_runtime::prelude::*;

#[pool_task(process)]
fn never_called(n: u64) -> u64 {
    n
}

#[pool_task(process)]
fn never_called_either(text: &str) -> usize {
    text.len()
}

fn main() {
    let value = with_pool!(thread() as _pool => { 3 });
    assert_eq!(value.unwrap(), 3);
}
