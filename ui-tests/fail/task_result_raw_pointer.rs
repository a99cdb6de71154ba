use executor_runtime::prelude::*;

#[pool_task(process)]
fn null(_: u64) -> *mut u8 {
    std::ptr::null_mut()
}

fn main() {}
