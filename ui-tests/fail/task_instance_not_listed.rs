use executor_runtime::prelude::*;

#[pool_task(process, instances(u32, String))]
fn largest<T: Ord + Clone>(items: Vec<T>) -> Option<T> {
    items.iter().max().cloned()
}

fn main() {
    let pool = ProcessPoolExecutor::new(1).unwrap();
    let _ = pool.submit(largest::task(vec![3_u64]));
}
