use executor_runtime::prelude::*;

fn main() {
    let threads = ThreadPoolExecutor::new(1).unwrap();
    let text = String::from("a rose");
    threads.submit(|| text.len());
}
