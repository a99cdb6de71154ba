use executor_runtime::prelude::*;

#[pool_task(process, instances(Vec<u8>))]
fn first<T: IntoIterator>(items: T) -> Option<T::Item> {
    items.into_iter().next()
}

fn main() {}
