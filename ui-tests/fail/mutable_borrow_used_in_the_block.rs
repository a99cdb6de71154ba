use executor_runtime::prelude::*;

fn main() {
    let mut total = 0;
    let _ = with_pool!(thread() as pool => {
        pool.submit(|| total += 1);
        println!("{total}");
    });
}
