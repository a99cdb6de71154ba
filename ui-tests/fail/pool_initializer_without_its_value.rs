use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(process(initializer) as _pool => {});
}
