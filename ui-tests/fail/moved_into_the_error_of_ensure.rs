use executor_runtime::prelude::*;

// As anyhow's and eyre's.
macro_rules! ensure {
    ($condition:expr, $error:expr) => {
        if !$condition {
            return Err($error);
        }
    };
}

fn total(n: u64, error: String) -> Result<u64, String> {
    let total = with_pool!(thread() as _pool => {
        ensure!(n > 1, error);
        ensure!(n > 2, error);
        n
    });
    Ok(total.unwrap_or(0))
}

fn main() {}
