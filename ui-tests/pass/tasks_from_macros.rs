// Tasks and blocks that a macro of the user writes.
#![deny(warnings)]

use executor_runtime::prelude::*;

macro_rules! made {
    ($name:ident, $ty:ty, $output:ty) => {
        #[pool_task(process)]
        fn $name(value: $ty) -> $output {
            value.into()
        }
    };
}

made!(by_value, u32, u64);
made!(by_borrow, &str, String);

macro_rules! pooled {
    ($pool:expr, $name:ident, $block:block) => {
        with_pool!($pool as $name => $block)
    };
}

macro_rules! sized {
    ($workers:expr, $name:ident => $($body:tt)*) => {
        with_pool!(thread(max_workers = $workers) as $name => { $($body)* })
    };
}

fn total(threads: &ThreadPoolExecutor, n: u64) -> Result<u64, Box<dyn std::error::Error>> {
    let first = pooled!(threads, pool, {
        if n == 1 {
            return Ok(7);
        }
        pool.submit(by_value::task(3)).result()?
    })?;
    let second = sized!(2, pool =>
        let n: u64 = "5".parse()?;
        pool.submit(move || n).result()?
    )?;
    Ok(first + second)
}

fn main() {
    let threads = ThreadPoolExecutor::new(1).unwrap();
    assert_eq!(total(&threads, 0).unwrap(), 8);
    assert_eq!(total(&threads, 1).unwrap(), 7);
    assert_eq!(threads.submit(by_borrow::task("b")).result().unwrap(), "b");
}
