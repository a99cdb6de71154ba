use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(thread(max_workers(2)) as _pool => {});
}
