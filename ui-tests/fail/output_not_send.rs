use std::rc::Rc;

use executor_runtime::prelude::*;

#[pool_task(thread)]
fn make() -> Rc<u64> {
    Rc::new(1)
}

fn main() {}
