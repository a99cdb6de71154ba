use executor_runtime::prelude::*;

#[pool_task(process)]
fn call(pointer: *const u8, function: fn(u64) -> u64, object: Box<dyn Fn(u64) -> u64>) {
    let _ = (pointer, function, object);
}

fn main() {}
