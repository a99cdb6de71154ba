use executor_runtime::prelude::*;

macro_rules! leave {
    () => {
        return
    };
}

fn main() {
    let _ = with_pool!(thread() as _pool => { leave!(); });
}
