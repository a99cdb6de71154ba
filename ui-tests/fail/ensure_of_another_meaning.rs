// A macro of the name that leaves without an error is not taken for one that goes on.
use executor_runtime::prelude::*;

macro_rules! ensure {
    ($condition:expr) => {
        if !$condition {
            return Ok(Default::default());
        }
    };
}

fn total(n: u64) -> Result<u64, TaskError> {
    let total = with_pool!(thread() as pool => {
        ensure!(n > 0);
        pool.submit(move || n).result()?
    });
    Ok(total.unwrap_or(0))
}

fn main() {}
