// All at once, each on its token.
use executor_runtime::prelude::*;

#[pool_task(proces, nam = "n")]
async fn first<T>(items: &mut Vec<T>, text: &str) -> &str {
    text
}

fn main() {}
