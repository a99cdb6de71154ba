use executor_runtime::prelude::*;

fn main() {
    let threads = ThreadPoolExecutor::new(1).unwrap();
    threads.submit(6 * 7);
    threads.scope(|scope| {
        scope.submit(6 * 7);
    });
}
