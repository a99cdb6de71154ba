use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(thread(crate = "executor_runtime") as _pool => {});
}
