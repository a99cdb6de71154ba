use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(process(max_memory_per_child = 0) as _pool => {});
}
