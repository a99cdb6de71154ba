use executor_runtime::prelude::*;

fn set_up() {}

fn main() {
    let _ = with_pool!(process(initializer = set_up) as _pool => {});
}
