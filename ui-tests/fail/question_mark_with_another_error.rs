use executor_runtime::prelude::*;

fn total() -> Result<u64, std::num::ParseIntError> {
    let total = with_pool!(thread() as pool => { pool.submit(|| 1).result()? });
    Ok(total.unwrap())
}

fn main() {}
