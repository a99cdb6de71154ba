use std::rc::Rc;

use executor_runtime::prelude::*;

fn main() {
    let threads = ThreadPoolExecutor::new(1).unwrap();
    let counter = Rc::new(1);
    threads.submit(move || *counter);
}
