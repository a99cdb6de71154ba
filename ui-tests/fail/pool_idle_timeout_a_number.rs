use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(thread(idle_timeout = 10) as _pool => {});
}
