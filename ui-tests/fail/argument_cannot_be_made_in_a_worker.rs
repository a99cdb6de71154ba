use executor_runtime::prelude::*;

// Strings can be read in place, a vector of them cannot be a slice of them.
#[pool_task(process)]
fn count(words: Option<&[&str]>) -> usize {
    words.map_or(0, <[&str]>::len)
}

fn main() {}
