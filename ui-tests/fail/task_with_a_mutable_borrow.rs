use executor_runtime::prelude::*;

#[pool_task(process)]
fn double(items: &mut [u64]) {
    for item in items {
        *item *= 2;
    }
}

#[pool_task(thread)]
fn clear(items: Option<&mut Vec<u64>>) {
    items.map(Vec::clear);
}

fn main() {}
