// A macro of the name that has a value is not taken for one that has none.
use executor_runtime::prelude::*;

macro_rules! ensure {
    ($condition:expr) => {
        $condition
    };
}

fn total(n: u64) -> Result<String, TaskError> {
    let total = with_pool!(thread() as _pool => { format!("{:?}", ensure!(n > 0)) });
    Ok(total.unwrap_or_default())
}

fn main() {}
