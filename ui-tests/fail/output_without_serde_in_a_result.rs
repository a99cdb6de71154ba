use executor_runtime::prelude::*;

#[pool_task(process)]
fn read(path: &str) -> Result<String, std::io::Error> {
    std::fs::read_to_string(path)
}

fn main() {}
