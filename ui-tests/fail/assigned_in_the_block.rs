use executor_runtime::prelude::*;

fn main() {
    let total;
    let _ = with_pool!(thread() as _pool => {
        total = 5;
    });
    println!("{total}");
}
