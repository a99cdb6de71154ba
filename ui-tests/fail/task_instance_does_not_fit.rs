use executor_runtime::prelude::*;

#[pool_task(process, instances(u32, f64))]
fn largest<T: Ord + Clone>(items: Vec<T>) -> Option<T> {
    items.iter().max().cloned()
}

fn main() {}
