use executor_runtime::prelude::*;

fn run() {
    let _ = with_pool!(thread() as pool => { pool.map(|n| move || n, 0..3) });
}

fn main() {}
