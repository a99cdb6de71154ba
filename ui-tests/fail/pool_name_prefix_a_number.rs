use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(thread(thread_name_prefix = 3) as _pool => {});
}
