// A block is an expression, in every place where one can stand.
#![deny(warnings)]

use std::error::Error;

use executor_runtime::prelude::*;

struct Pair {
    left: Result<u64, PoolError>,
    right: u64,
}

fn double(n: Result<u64, PoolError>) -> u64 {
    n.map_or(0, |n| 2 * n)
}

fn tail(pool: &ThreadPoolExecutor) -> Result<u64, PoolError> {
    with_pool!(pool as pool => { pool.submit(|| 1).result().unwrap() })
}

fn tail_of_blocks(pool: &ThreadPoolExecutor, which: bool) -> Result<u64, PoolError> {
    if which {
        with_pool!(pool as _pool => { 1 })
    } else {
        match 2 {
            2 => with_pool!(pool as _pool => { 2 }),
            _ => unreachable!("two is two"),
        }
    }
}

fn returned(pool: &ThreadPoolExecutor) -> Result<u64, PoolError> {
    return with_pool!(pool as pool => { pool.submit(|| 3).result().unwrap() });
}

fn main() -> Result<(), Box<dyn Error>> {
    let pool = ThreadPoolExecutor::new(1)?;
    assert_eq!(tail(&pool)? + tail_of_blocks(&pool, true)? + tail_of_blocks(&pool, false)? + returned(&pool)?, 7);

    // Argument, receiver, operand, element, field.
    assert_eq!(double(with_pool!(pool as pool => { pool.submit(|| 2).result()? })), 4);
    let text = with_pool!(pool as _pool => { 3 }).map(|n| n.to_string()).unwrap_or_default();
    assert_eq!(text, "3");
    let sum = with_pool!(pool as _pool => { 1 })? + 2 * with_pool!(pool as _pool => { 2 })?;
    assert_eq!(sum, 5);
    assert!(!with_pool!(pool as _pool => { false })? && -with_pool!(pool as _pool => { 1 })? < 0);
    let list = [with_pool!(pool as _pool => { 1 })?, with_pool!(pool as _pool => { 2 })?];
    assert_eq!(list[with_pool!(pool as _pool => { 1 })?], 2);
    let tuple = (with_pool!(pool as _pool => { 1 })?, with_pool!(pool as _pool => {})?);
    assert_eq!(tuple, (1, ()));
    let pair = Pair { left: with_pool!(pool as _pool => { 1 }), right: with_pool!(pool as _pool => { 2 })? };
    assert_eq!((pair.left?, pair.right), (1, 2));
    let range = with_pool!(pool as _pool => { 1 })?..with_pool!(pool as _pool => { 3 })?;
    assert_eq!(range.sum::<u64>(), 3);
    assert_eq!(with_pool!(pool as _pool => { 300_u64 })? as u8, 44);

    // Conditions and scrutinees.
    let word = match with_pool!(pool as pool => { pool.submit(|| 3).result()? }) {
        Ok(0) => "none",
        Ok(n) if n == with_pool!(pool as _pool => { 3 })? => "three",
        Ok(_) => "other",
        Err(_) => "no pool",
    };
    assert_eq!(word, "three");
    let Ok(four) = with_pool!(pool as _pool => { 4 }) else { return Err("no pool".into()) };
    let five = if let Ok(five) = with_pool!(pool as _pool => { 5 })
        && with_pool!(pool as _pool => { true })?
    {
        five
    } else {
        0
    };
    let mut left = 3;
    while with_pool!(pool as _pool => { left > 0 })? {
        left -= 1;
    }
    while let Ok(true) = with_pool!(pool as _pool => { left < 2 }) {
        left += 1;
    }
    for n in with_pool!(pool as _pool => { [1, 2] })? {
        left += n;
    }
    assert_eq!((four, five, left), (4, 5, 5));

    // In other macros' arguments and in closures; as a statement; around itself.
    let text = format!("{} {n}", with_pool!(pool as _pool => { 1 })?, n = with_pool!(pool as _pool => { 2 })?);
    assert_eq!(text, "1 2");
    assert_eq!(vec![with_pool!(pool as _pool => { 1 })?; 2], [1, 1]);
    let lazily = || with_pool!(pool as _pool => { 6 });
    let looped = loop {
        break with_pool!(pool as _pool => { lazily().map_or(0, |n| n + 1) })?;
    };
    assert_eq!(looped, 7);
    with_pool!(pool as _pool => {})?;
    let _ = with_pool!(pool as _pool => {});
    { with_pool!(pool as _pool => { 1 }) }?;
    #[allow(unused_must_use)]
    {
        with_pool!(pool as _pool => {});
    }
    let nested = with_pool!(pool as outer => {
        with_pool!(pool as inner => { inner.submit(|| 8).result()? })? + outer.submit(|| 1).result()?
    })?;
    assert_eq!(nested, 9);
    Ok(())
}
