use executor_runtime::prelude::*;

fn run() {
    let _ = with_pool!(process() as pool => { pool.submit(|| 6 * 7); });
}

fn main() {}
