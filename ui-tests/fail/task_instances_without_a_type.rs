use executor_runtime::prelude::*;

#[pool_task(process, instances())]
fn first<T: Clone>(items: Vec<T>) -> T {
    items[0].clone()
}

fn main() {}
