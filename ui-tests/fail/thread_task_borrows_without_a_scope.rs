use executor_runtime::prelude::*;

#[pool_task(thread)]
fn count(text: &str) -> usize {
    text.len()
}

fn main() {
    let threads = ThreadPoolExecutor::new(1).unwrap();
    let text = String::from("a rose");
    threads.submit(count::task(&text));
}
