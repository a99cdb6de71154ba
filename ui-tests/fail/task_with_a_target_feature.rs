use executor_runtime::prelude::*;

#[pool_task(process)]
#[target_feature(enable = "avx2")]
fn sum(numbers: &[f32]) -> f32 {
    numbers.iter().sum()
}

fn main() {}
