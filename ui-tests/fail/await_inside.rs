use executor_runtime::prelude::*;

async fn total() -> u64 {
    with_pool!(thread() as pool => {
        let first = pool.submit(|| 1_u64).await;
        first.unwrap()
    })
    .unwrap()
}

fn main() {}
