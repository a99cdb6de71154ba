use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(thread(timeout = Duration::from_secs(1), prewarm = 2) as _pool => {});
    let _ = with_pool!(process(thread_name_prefix = "io") as _pool => {});
}
