// The attribute's own grammar: any order, a comma at the end, a path in front.
#![deny(warnings)]

use executor_runtime::prelude::*;

#[pool_task(process)]
fn with_a_comma(n: u64) -> u64 {
    n
}

#[pool_task(name = "named", process)]
fn kind_last(n: u64) -> u64 {
    n
}

#[pool_task(crate = ::executor_runtime, thread, name = "a name, of any: text")]
fn kind_between(n: u64) -> u64 {
    n
}

#[pool_task(process, name = r#"raw "text""#)]
fn raw_name(n: u64) -> u64 {
    n
}

#[::executor_runtime::pool_task(process)]
fn by_its_root(n: u64) -> u64 {
    n
}

mod macros {
    pub(crate) use executor_runtime::pool_task as task;
    pub(crate) use executor_runtime::with_pool as pooled;
}

#[macros::task(process)]
fn by_another_name(n: u64) -> u64 {
    n
}

fn main() {
    use executor_runtime::Task;
    let pool = ThreadPoolExecutor::new(1).unwrap();
    let sum = macros::pooled!(pool as pool => {
        let calls = [
            pool.submit(with_a_comma::task(1)),
            pool.submit(kind_last::task(2)),
            pool.submit(kind_between::task(3)),
            pool.submit(raw_name::task(4)),
            pool.submit(by_its_root::task(5)),
            pool.submit(by_another_name::task(6)),
        ];
        calls.into_iter().map(|call| call.result().unwrap()).sum::<u64>()
    });
    assert_eq!(sum.unwrap(), 21);
    assert_eq!(
        (kind_last::NAME, kind_between::NAME, raw_name::NAME),
        ("named", "a name, of any: text", "raw \"text\"")
    );
    assert!(with_a_comma::NAME.ends_with("::with_a_comma"));
}
