use executor_runtime::prelude::*;

macro_rules! stop {
    () => {
        break
    };
}

fn main() {
    loop {
        let _ = with_pool!(thread() as _pool => { stop!(); });
    }
}
