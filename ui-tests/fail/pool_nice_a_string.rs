use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(process(nice = "10") as _pool => {});
}
