use executor_runtime::prelude::*;

fn square(n: u64) -> u64 {
    n * n
}

fn main() {
    #[pool_task(process)]
    let nine = square(3);
    drop(nine);
}
