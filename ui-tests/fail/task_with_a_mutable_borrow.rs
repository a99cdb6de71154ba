use executor_runtime::prelude::*;

#[pool_task(process)]
fn double(items: &mut [u64]) {
    items.iter_mut().for_each(|item| *item *= 2);
}

fn main() {}
