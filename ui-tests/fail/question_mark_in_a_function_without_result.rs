use executor_runtime::prelude::*;

fn total() {
    let _ = with_pool!(thread() as pool => {
        let first: u64 = pool.submit(|| 1).result()?;
        first
    });
}

fn main() {}
