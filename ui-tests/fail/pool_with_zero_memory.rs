use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(process(memory_limit = 0) as _pool => {});
}
