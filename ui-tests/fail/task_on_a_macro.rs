use executor_runtime::prelude::*;

#[pool_task(process)]
macro_rules! square {
    ($n:expr) => {
        $n * $n
    };
}

fn main() {
    square!(3);
}
