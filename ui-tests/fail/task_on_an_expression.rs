use executor_runtime::prelude::*;

fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    let nine = #[pool_task(process)]
    square(3);
    drop(nine);
}
