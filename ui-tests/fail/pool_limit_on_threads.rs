use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(thread(memory_limit = 1 << 30) as _pool => {});
}
