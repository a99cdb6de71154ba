use executor_runtime::prelude::*;

#[pool_task(process, instances(u32, &str))]
fn count<T: Clone>(items: Vec<T>) -> usize {
    items.len()
}

fn main() {}
