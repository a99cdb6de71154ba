use executor_runtime::prelude::*;

fn run() {
    let _ = with_pool!(thread() as pool => { pool.submit(move || pool) });
}

fn main() {}
