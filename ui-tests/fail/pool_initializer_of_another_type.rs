use executor_runtime::prelude::*;

fn set_up() -> u64 {
    3
}

fn main() {
    let _ = with_pool!(thread(initializer = set_up) as _pool => {});
}
