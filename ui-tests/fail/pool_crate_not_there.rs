use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(thread(crate = pools) as _pool => {});
}
