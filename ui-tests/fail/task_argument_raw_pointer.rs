use executor_runtime::prelude::*;

#[pool_task(process)]
fn read(bytes: *const u8) -> bool {
    bytes.is_null()
}

fn main() {}
