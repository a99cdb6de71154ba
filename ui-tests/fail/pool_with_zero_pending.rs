use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(thread(max_pending = 0) as _pool => {});
}
