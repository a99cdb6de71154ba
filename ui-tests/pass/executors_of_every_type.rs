// Whatever is or leads to an executor can be lent to a block.
#![deny(warnings)]

use std::cell::RefCell;
use std::collections::HashMap;
use std::error::Error;
use std::rc::Rc;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

use executor_runtime::prelude::*;

#[pool_task(process)]
fn square(n: u64) -> u64 {
    n * n
}

static SHARED: LazyLock<ThreadPoolExecutor> = LazyLock::new(|| ThreadPoolExecutor::new(1).unwrap());
static ONCE: OnceLock<Box<dyn Executor>> = OnceLock::new();

struct Service<E> {
    executor: E,
    pools: Vec<ThreadPoolExecutor>,
    optional: Option<ThreadPoolExecutor>,
}

impl<E: Executor> Service<E> {
    fn by_field(&self) -> Result<u64, Box<dyn Error>> {
        let first = with_pool!(self.executor as pool => { pool.submit(square::task(1)).result()? })?;
        let second = with_pool!(self.pools[0] as pool => { pool.submit(|| 2).result()? })?;
        let third = with_pool!(self.optional.as_ref().ok_or("none")? as pool => { pool.submit(|| 3).result()? })?;
        let fourth = with_pool!(self.lent() as pool => { pool.submit(square::task(2)).result()? })?;
        Ok(first + second + third + fourth)
    }

    fn lent(&self) -> &E {
        &self.executor
    }
}

fn dynamic(executor: &dyn Executor) -> Result<u64, Box<dyn Error>> {
    Ok(with_pool!(executor as pool => { pool.submit(square::task(2)).result()? })?)
}

fn boxed(executor: Box<dyn Executor>) -> Result<u64, Box<dyn Error>> {
    let first = with_pool!(executor as pool => { pool.submit(square::task(2)).result()? })?;
    let second = with_pool!(*executor as pool => { pool.submit(square::task(2)).result()? })?;
    let third = with_pool!(executor.as_ref() as pool => { pool.submit(square::task(2)).result()? })?;
    Ok(first + second + third)
}

fn shared(executor: &Arc<dyn Executor>) -> Result<u64, Box<dyn Error>> {
    let first = with_pool!(executor as pool => { pool.submit(square::task(2)).result()? })?;
    let second = with_pool!(Arc::clone(executor) as pool => { pool.submit(square::task(2)).result()? })?;
    Ok(first + second)
}

fn generic<E: Executor>(executor: &E) -> Result<u64, Box<dyn Error>> {
    Ok(with_pool!(executor as pool => { pool.submit(square::task(2)).result()? })?)
}

fn unsized_generic<E: Executor + ?Sized>(executor: &E) -> Result<u64, Box<dyn Error>> {
    Ok(with_pool!(executor as pool => { pool.map(square::task, [2]).next().ok_or("none")?? })?)
}

fn opaque(executor: impl Executor) -> Result<u64, Box<dyn Error>> {
    Ok(with_pool!(executor as pool => { generic(pool)? + dynamic(pool)? })?)
}

fn mutably(executor: &mut ThreadPoolExecutor) -> Result<u64, Box<dyn Error>> {
    Ok(with_pool!(executor as pool => { pool.submit(|| 4).result()? })?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut threads = ThreadPoolExecutor::new(1)?;
    let processes = ProcessPoolExecutor::new(1)?;
    assert_eq!(dynamic(&threads)? + dynamic(&processes)? + dynamic(&*SHARED)?, 12);
    assert_eq!(boxed(Box::new(threads.clone()))?, 12);
    assert_eq!(shared(&(Arc::new(processes.clone()) as Arc<dyn Executor>))?, 8);
    assert_eq!(generic(&threads)? + generic(&processes)? + unsized_generic::<dyn Executor>(&threads)?, 12);
    assert_eq!(opaque(threads.clone())? + opaque(Box::new(threads.clone()) as Box<dyn Executor>)?, 16);
    assert_eq!(mutably(&mut threads)?, 4);
    let service =
        Service { executor: processes.clone(), pools: vec![threads.clone()], optional: Some(threads.clone()) };
    assert_eq!(service.by_field()?, 10);

    // Statics, temporaries, smart pointers, guards, tuples, maps and casts.
    let text = String::from("four");
    let mut lengths = with_pool!(SHARED as pool => { pool.submit(|| text.len()).result()? })?;
    lengths += with_pool!(&*SHARED as pool => { pool.submit(|| text.len()).result()? })?;
    lengths += with_pool!(ThreadPoolExecutor::new(1)? as pool => { pool.submit(|| text.len()).result()? })?;
    lengths += with_pool!(Rc::new(threads.clone()) as pool => { pool.submit(|| text.len()).result()? })?;
    lengths += with_pool!(Box::new(threads.clone()) as pool => { pool.submit(|| text.len()).result()? })?;
    lengths += with_pool!(RefCell::new(threads.clone()).borrow() as pool => { pool.submit(|| text.len()).result()? })?;
    lengths +=
        with_pool!(Mutex::new(threads.clone()).lock().unwrap() as pool => { pool.submit(|| text.len()).result()? })?;
    lengths += with_pool!((1, &threads).1 as pool => { pool.submit(|| text.len()).result()? })?;
    lengths += with_pool!(HashMap::from([("a", &threads)])["a"] as pool => { pool.submit(|| text.len()).result()? })?;
    lengths += with_pool!({ &threads } as pool => { pool.submit(|| text.len()).result()? })?;
    lengths += with_pool!(if text.is_empty() { &*SHARED } else { &threads } as pool => {
        pool.submit(|| text.len()).result()?
    })?;
    assert_eq!(lengths, 44);
    let once = ONCE.get_or_init(|| Box::new(threads.clone()));
    let cast = with_pool!(&threads as &dyn Executor as pool => { pool.submit(square::task(2)).result()? })?;
    let first = with_pool!(once as pool => { pool.submit(square::task(2)).result()? })?;
    let second = with_pool!(ONCE.get().ok_or("none")? as pool => { pool.submit(square::task(2)).result()? })?;
    assert_eq!((cast, first, second), (4, 4, 4));

    // A scope is an executor itself.
    let nested = with_pool!(threads as outer => {
        let own = with_pool!(outer as inner => { inner.submit(square::task(2)).result()? + dynamic(inner)? })?;
        own + generic(outer)? + outer.scope(|inner| generic(inner))?
    })?;
    assert_eq!(nested, 16);
    Ok(())
}
