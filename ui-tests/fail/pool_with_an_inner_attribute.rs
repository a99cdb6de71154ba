use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(thread() as _pool => {
        #![allow(unused_variables)]
        let n = 1;
    });
}
