use executor_runtime::prelude::*;

#[pool_task(process, instances(u32, _))]
fn count<T: Clone>(items: Vec<T>) -> usize {
    items.len()
}

fn main() {}
