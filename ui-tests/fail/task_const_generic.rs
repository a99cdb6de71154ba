use executor_runtime::prelude::*;

#[pool_task(process)]
fn sum<const N: usize>(items: [u64; N]) -> u64 {
    items.iter().sum()
}

fn main() {}
