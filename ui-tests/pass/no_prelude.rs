// The expansions name everything from its root.
#![no_implicit_prelude]
#![deny(warnings)]

#[::executor_runtime::pool_task(process)]
fn sum(a: u64, text: &str, list: &[u8]) -> u64 {
    let _ = (text, list);
    a
}

#[::executor_runtime::pool_task(thread)]
fn name(text: ::std::string::String) -> ::std::string::String {
    text
}

fn total(pool: &::executor_runtime::ThreadPoolExecutor) -> ::std::result::Result<u64, ::executor_runtime::PoolError> {
    ::executor_runtime::with_pool!(pool as pool => {
        let total = pool.submit(sum::task(1, "", &[])).result();
        match total {
            ::std::result::Result::Ok(0) => return ::std::result::Result::Ok(0),
            ::std::result::Result::Ok(total) => total,
            ::std::result::Result::Err(_) => 0,
        }
    })
}

fn main() -> ::std::result::Result<(), ::executor_runtime::PoolError> {
    ::std::mem::drop(name::task(::std::string::String::new()));
    ::std::assert_eq!(total(&::executor_runtime::ThreadPoolExecutor::new(1)?)?, 1);
    let three = ::executor_runtime::with_pool!(process(max_workers = 1) as _pool => { 3 })?;
    ::std::assert_eq!(three, 3);
    ::std::result::Result::Ok(())
}
