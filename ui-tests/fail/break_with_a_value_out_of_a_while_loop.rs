use executor_runtime::prelude::*;

fn count_down(mut n: u64) {
    while n > 0 {
        n -= 1;
        let _ = with_pool!(thread() as _pool => { break 3; });
    }
}

fn main() {}
