//! Blocks of every kind in a crate that allows nothing.

#![deny(warnings, unused, unused_qualifications, unused_results, unreachable_pub, trivial_casts, let_underscore_drop)]
#![deny(elided_lifetimes_in_paths, rust_2018_idioms, rust_2024_compatibility)]
#![forbid(unsafe_code)]

use std::error::Error;

use executor_runtime::prelude::*;

type Any = Box<dyn Error>;

#[pool_task(process)]
fn square(n: u64) -> u64 {
    n * n
}

fn values(pool: &ThreadPoolExecutor) -> Result<u64, Any> {
    let five = 5;
    let three = with_pool!(pool as pool => { pool.submit(|| 3).result()? })?;
    let same = with_pool!(pool as _pool => { five })?;
    with_pool!(pool as _pool => {})?;
    Ok(three + same)
}

fn ways_out(n: u64) -> Result<u64, Any> {
    let value = 'value: {
        for i in 0..n {
            with_pool!(thread(max_workers = 1, thread_name_prefix = "io", on_error = wait) as pool => {
                match i {
                    0 => continue,
                    1 => break 'value 1,
                    2 => return Ok(2),
                    3 => Err("three")?,
                    4 => return Err("four".into()),
                    5 => break,
                    _ => {}
                }
                let Ok(_) = pool.submit(|| 1).result() else { return Ok(0) };
            })?;
        }
        0
    };
    Ok(value)
}

fn diverging() -> u8 {
    with_pool!(thread(max_workers = 1) as _pool => { return 3 }).unwrap_or(0)
}

fn conditional() -> Result<u64, Any> {
    let value = with_pool!(process(max_workers = 1, on_error = kill) as pool => {
        #[cfg(not(unix))]
        let n = pool.submit(square::task(1)).result()?;
        #[cfg(unix)]
        let n = pool.submit(square::task(2)).result()?;
        #[cfg(not(unix))]
        return Err("not unix".into());
        #[cfg(not(unix))]
        println!("{}", "7".parse::<u8>()?);
        let four = ["4".parse::<u64>()?, #[cfg(not(unix))] "four".len()?];
        let n = n.max(four[0].min(#[cfg(unix)] "9".parse()?, #[cfg(not(unix))] return Ok(1)));
        match n {
            #[cfg(not(unix))]
            1 => Err("one")?,
            4 => "4".parse::<u64>()?,
            _ => return Ok(0),
        }
    })?;
    Ok(value)
}

#[expect(dead_code)]
fn endless(pool: &ThreadPoolExecutor, ask: fn() -> Result<(), Any>) -> Result<u8, Any> {
    with_pool!(pool as _pool => { ask()? })?;
    with_pool!(pool as _pool => {
        println!("asked");
        ask()?
    })?;
    let () = with_pool!(pool as _pool => { ask()?; })?;
    let _: u8 = with_pool!(pool as _pool => { panic!("no value") })?;
    with_pool!(pool as _pool => { loop { ask()?; } })?
}

fn nested(executor: &dyn Executor) -> Result<u64, Any> {
    let sum = with_pool!(executor as outer => {
        let inner = with_pool!(thread() as inner => { inner.submit(|| 1).result()? + outer.submit(square::task(2)).result()? })?;
        println!("{}", with_pool!(thread() as third => { third.submit(|| inner).result()? })?);
        inner
    })?;
    Ok(sum)
}

fn main() -> Result<(), Any> {
    let pool = ThreadPoolExecutor::new(1)?;
    assert_eq!((values(&pool)?, ways_out(2)?, diverging(), conditional()?, nested(&pool)?), (8, 1, 3, 4, 5));
    Ok(())
}
