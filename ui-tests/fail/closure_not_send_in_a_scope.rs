use std::rc::Rc;

use executor_runtime::prelude::*;

fn main() {
    let counter = Rc::new(1);
    let _ = with_pool!(thread() as pool => {
        pool.submit(|| *counter);
    });
}
