use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(process(cpu_time_limit = 60) as _pool => {});
}
