use std::rc::Rc;

use executor_runtime::prelude::*;

#[pool_task(thread)]
fn read(counter: Rc<u64>) -> u64 {
    *counter
}

fn main() {}
