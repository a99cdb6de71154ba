use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(threads(max_workers = 2) as _pool => {});
}
