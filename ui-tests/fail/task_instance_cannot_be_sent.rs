use executor_runtime::prelude::*;

#[derive(Clone)]
struct Opaque;

#[pool_task(process, instances(u32, Opaque))]
fn count<T: Clone>(items: Vec<T>) -> usize {
    items.len()
}

fn main() {}
