use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(thread() as pool => {
        let text = String::from("a rose");
        pool.submit(|| text.trim())
    });
}
