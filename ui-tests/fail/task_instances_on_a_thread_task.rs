use executor_runtime::prelude::*;

#[pool_task(thread, instances(u32))]
fn first<T: Clone>(items: Vec<T>) -> T {
    items[0].clone()
}

fn main() {}
