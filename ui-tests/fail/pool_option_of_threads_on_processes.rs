use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(process(thread_name_prefix = "io") as _pool => {});
}
