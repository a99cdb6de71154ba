use executor_runtime::prelude::*;

fn total() -> u64 {
    with_pool!(thread() as _pool => { return "none"; }).unwrap()
}

fn main() {}
