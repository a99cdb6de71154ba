// What a macro of the user passes on is one operand, wherever it stands in a block or in front of it.
#![deny(warnings)]

use executor_runtime::prelude::*;

type Any = Box<dyn std::error::Error>;

macro_rules! arithmetic {
    ($e:expr) => {{
        let pool = ThreadPoolExecutor::new($e * 2)?;
        let workers = with_pool!(pool as pool => { Executor::max_workers(pool) })?;
        let own = with_pool!(thread(max_workers = $e * 2) as pool => { Executor::max_workers(pool) })?;
        let made = with_pool!(ThreadPoolExecutor::new($e * 2)? as pool => { Executor::max_workers(pool) })?;
        let plain = with_pool!(pool as _pool => { $e * 10 })?;
        let closure = with_pool!(pool as pool => { pool.submit(|| $e * 10).result()? })?;
        let item = with_pool!(pool as _pool => {
            const TEN_TIMES: usize = $e * 10;
            let list = [0; $e * 10];
            TEN_TIMES + list.len()
        })?;
        let method = with_pool!(pool as _pool => { $e.pow(2) })?;
        (workers, own, made, plain, closure, item, method)
    }};
}

macro_rules! fallible {
    ($e:expr) => {
        with_pool!(thread(max_workers = 1) as _pool => {
            let matched = match 1 {
                1 => $e,
                _ => 0,
            };
            (10 - $e, -$e, matched, format!("{}", $e * 10))
        })
    };
}

fn all(text: &str) -> Result<(), Any> {
    assert_eq!(arithmetic!(1_usize + 2), (6, 6, 6, 30, 30, 60, 9));
    assert_eq!(fallible!(1 + 2)?, (7, -3, 3, "30".to_owned()));
    assert_eq!(fallible!(text.parse::<i32>()? + 1)?, (7, -3, 3, "30".to_owned()));
    Ok(())
}

fn main() {
    all("2").unwrap();
    assert!(all("two").is_err());
}
