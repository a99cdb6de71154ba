use executor_runtime::prelude::*;

#[pool_task(process)]
fn show<T: ToString>(value: T) -> String {
    value.to_string()
}

fn main() {}
