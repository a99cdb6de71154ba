use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(thread(on_error = kill) as _pool => {});
}
