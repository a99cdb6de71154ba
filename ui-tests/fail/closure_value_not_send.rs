use std::rc::Rc;

use executor_runtime::prelude::*;

fn main() {
    let threads = ThreadPoolExecutor::new(1).unwrap();
    threads.submit(|| Rc::new(1));
}
