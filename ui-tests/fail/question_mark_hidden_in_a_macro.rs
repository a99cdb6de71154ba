use executor_runtime::prelude::*;

macro_rules! attempt {
    ($value:expr) => {
        $value?
    };
}

fn total() -> Result<u64, Box<dyn std::error::Error>> {
    let total = with_pool!(thread() as pool => {
        attempt!(pool.submit(|| 1).result())
    })?;
    Ok(total)
}

fn main() {}
