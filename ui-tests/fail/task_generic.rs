use executor_runtime::prelude::*;

#[pool_task(process)]
fn largest<T: Ord>(items: Vec<T>) -> Option<T> {
    items.into_iter().max()
}

#[pool_task(thread)]
fn sum<const N: usize>(items: [u64; N]) -> u64 {
    items.iter().sum()
}

fn main() {}
