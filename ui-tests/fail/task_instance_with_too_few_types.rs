use executor_runtime::prelude::*;

#[pool_task(process, instances(u32))]
fn pair<A, B>(a: A, b: B) -> (A, B) {
    (a, b)
}

fn main() {}
