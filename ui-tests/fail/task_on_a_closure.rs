use executor_runtime::prelude::*;

fn main() {
    let square = #[pool_task(process)]
    |n: u64| n * n;
    square(3);
}
