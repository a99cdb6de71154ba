use executor_runtime::prelude::*;

macro_rules! stop {
    ($value:expr) => {
        break $value
    };
}

fn main() {
    let _: u64 = loop {
        let _ = with_pool!(thread() as _pool => { stop!(3); });
    };
}
