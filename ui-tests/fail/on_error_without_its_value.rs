use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(process(on_error) as _pool => {});
}
