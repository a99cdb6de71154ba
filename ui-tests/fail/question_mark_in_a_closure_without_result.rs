use executor_runtime::prelude::*;

fn total() -> Result<u64, Box<dyn std::error::Error>> {
    Ok(with_pool!(thread() as pool => { pool.submit(|| "7".parse::<u64>()?).result()? })?)
}

fn main() {}
