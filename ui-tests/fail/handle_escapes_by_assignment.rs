use executor_runtime::prelude::*;

fn main() {
    let mut kept = None;
    let _ = with_pool!(thread() as pool => { kept = Some(pool); });
    let _ = kept;
}
