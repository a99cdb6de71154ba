use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(process(memory_limits = 1 << 30) as _pool => {});
}
