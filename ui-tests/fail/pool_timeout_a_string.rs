use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(process(timeout = "2s") as _pool => {});
}
