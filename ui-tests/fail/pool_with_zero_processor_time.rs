use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(process(cpu_time_limit = "0s") as _pool => {});
}
