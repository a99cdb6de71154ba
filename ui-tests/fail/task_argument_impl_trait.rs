use executor_runtime::prelude::*;

#[pool_task(process)]
fn sum(items: impl Iterator<Item = u64>) -> u64 {
    items.sum()
}

fn main() {}
