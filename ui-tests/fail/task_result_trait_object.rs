use executor_runtime::prelude::*;

#[pool_task(process)]
fn open(path: &str) -> Result<u64, Box<dyn std::error::Error>> {
    Ok(path.parse()?)
}

fn main() {}
