use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(process(cpu_affinity = 1) as _pool => {});
}
