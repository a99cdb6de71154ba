use executor_runtime::prelude::*;

fn main() {
    let _ = with_pool!(process(env = [("LANG", "C")]) as _pool => {});
}
