use executor_runtime::prelude::*;

#[pool_task(thread)]
fn clear(items: Option<&mut Vec<u64>>) {
    items.map(Vec::clear);
}

fn main() {}
