use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(thread(prewarm = 2) as _pool => {});
}
