// As `renamed_runtime`, for a pool that exists, whose head has no options.
pub extern crate executor_runtime as pools;
extern crate std as executor_runtime;

fn main() {
    let threads = pools::ThreadPoolExecutor::new(1).unwrap();
    let one = pools::with_pool!(crate = pools, threads as pool => { pool.submit(|| 1).result().unwrap() });
    assert_eq!(one.unwrap(), 1);
}
