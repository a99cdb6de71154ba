use executor_runtime::prelude::*;

macro_rules! pass {
    ($($value:tt)*) => {
        $($value)*
    };
}

fn total() -> Result<u64, Box<dyn std::error::Error>> {
    Ok(with_pool!(thread() as pool => { pass!(pool.submit(|| 1).result()?) })?)
}

fn main() {}
