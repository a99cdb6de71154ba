use executor_runtime::prelude::*;

#[pool_task(process)]
fn sum<const N: usize>(numbers: [u8; N]) -> u8 {
    numbers.iter().sum()
}

fn main() {}
