use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(process(max_workers = 0) as _pool => {});
}
