use executor_runtime::prelude::*;

fn main() {
    loop {
        let _ = with_pool!(thread() as _pool => { break 'all; });
    }
}
