use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(process(timeout = "ten seconds") as _pool => {});
}
