// What is worth a warning in plain code is worth the same one in a block, at its own place.
#![deny(warnings)]

use executor_runtime::prelude::*;

#[must_use]
fn important() -> u64 {
    5
}

fn unused(pool: &ThreadPoolExecutor) -> Result<(), PoolError> {
    with_pool!(pool as scope => {
        let a = 5;
        let mut b = 6;
        let c;
        c = b;
        important();
        pool.submit(important).result();
        6 + 7;
        'label: for _ in 0..3 {}
    })
}

fn unreachable(pool: &ThreadPoolExecutor, n: u64) -> Result<u64, PoolError> {
    for i in 0..n {
        with_pool!(pool as _pool => {
            if n == 1 {
                return Ok(1);
                println!("behind a return");
            }
            if n == 2 {
                continue;
                println!("behind a continue");
            }
            if n == i {
                break;
                println!("behind a break");
            }
            (important() + (n))
        });
    }
    with_pool!(pool as _pool => { n })
}

fn main() {
    let pool = ThreadPoolExecutor::new(1).unwrap();
    unused(&pool).unwrap();
    unreachable(&pool, 3).unwrap();
}
