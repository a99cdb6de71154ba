use executor_runtime::prelude::*;

fn set_up(_: u64) {}

fn main() {
    let _ = with_pool!(thread(initializer = set_up) as _pool => {});
}
