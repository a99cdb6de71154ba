use executor_runtime::prelude::*;

macro_rules! skip {
    () => {
        continue
    };
}

fn main() {
    loop {
        let _ = with_pool!(thread() as _pool => { skip!(); });
    }
}
