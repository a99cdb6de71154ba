use executor_runtime::prelude::*;

fn run(any: &dyn Executor) {
    any.submit(|| 6 * 7);
}

fn main() {}
