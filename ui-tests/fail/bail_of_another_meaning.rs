// A macro of the name that goes on is not taken for one that leaves.
use executor_runtime::prelude::*;

macro_rules! bail {
    ($message:literal) => {
        Err::<u64, _>($message)
    };
}

fn total() -> Result<u64, &'static str> {
    let total = with_pool!(thread() as _pool => { bail!("goes on").unwrap_or(3) });
    Ok(total.unwrap_or(0))
}

fn main() {}
