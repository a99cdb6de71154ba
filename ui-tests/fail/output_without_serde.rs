use executor_runtime::prelude::*;

struct Opaque;

#[pool_task(process)]
fn make() -> Opaque {
    Opaque
}

fn main() {}
