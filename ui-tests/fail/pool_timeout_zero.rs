use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(process(timeout = "0s") as _pool => {});
}
