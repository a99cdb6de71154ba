use executor_runtime::prelude::*;

fn total() -> Option<u64> {
    with_pool!(thread() as _pool => { 3_u64? }).ok()
}

fn main() {}
