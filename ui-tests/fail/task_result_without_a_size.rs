use executor_runtime::prelude::*;

#[pool_task(thread)]
fn zeros() -> [u8] {
    todo!()
}

fn main() {}
