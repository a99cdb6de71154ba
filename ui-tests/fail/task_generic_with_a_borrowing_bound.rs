use executor_runtime::prelude::*;

#[pool_task(thread)]
fn read<'a, T: From<&'a str>>(text: &'a str) -> T {
    T::from(text)
}

fn main() {}
