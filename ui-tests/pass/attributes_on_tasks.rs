// Attributes of the function stay its own, and hold for what is made of it where they should.
#![deny(warnings, unused_must_use, unfulfilled_lint_expectations, unused_attributes)]

use executor_runtime::prelude::*;

#[pool_task(process)]
#[must_use = "that is all it does"]
fn square(n: u64) -> u64 {
    n * n
}

#[inline]
#[pool_task(process)]
fn inlined(n: u64) -> u64 {
    n
}

#[inline(never)]
#[cold]
#[pool_task(process)]
#[track_caller]
fn several(n: u64) -> u64 {
    n
}

#[deprecated = "use `square`"]
#[pool_task(process)]
fn old(n: u64) -> u64 {
    n * n
}

#[pool_task(process)]
#[expect(unused_variables, reason = "the second one is for later")]
fn expecting(n: u64, later: u64) -> u64 {
    n
}

#[pool_task(process)]
#[allow(clippy::needless_pass_by_value, non_snake_case)]
fn Allowing(Text: String) -> usize {
    Text.len()
}

#[cfg(unix)]
#[pool_task(process)]
fn place() -> u64 {
    1
}

#[cfg(not(unix))]
#[pool_task(process)]
fn place() -> u64 {
    2
}

#[pool_task(process)]
#[cfg(not(unix))]
fn place_below() -> u64 {
    2
}

#[pool_task(process)]
#[cfg_attr(all(), cfg(unix))]
fn place_below() -> u64 {
    1
}

#[cfg_attr(all(), pool_task(process))]
#[cfg_attr(any(), pool_task(thread))]
fn conditionally_a_task(#[allow(unused_variables)] n: u64) -> u64 {
    1
}

#[pool_task(process)]
#[unsafe(no_mangle)]
fn exported_by_its_name(n: u64) -> u64 {
    n
}

fn main() {
    let pool = ThreadPoolExecutor::new(1).unwrap();
    let run = |call| pool.submit::<executor_runtime::Call<'static, square>>(call).result().unwrap();
    assert_eq!(run(square::task(3)), 9);
    #[expect(deprecated, reason = "the constructor is as deprecated as the function")]
    let old = old::task(3);
    assert_eq!(pool.submit(old).result().unwrap(), 9);
    assert_eq!(pool.submit(inlined::task(1)).result().unwrap(), 1);
    assert_eq!(pool.submit(several::task(1)).result().unwrap(), 1);
    assert_eq!(pool.submit(expecting::task(1, 2)).result().unwrap(), 1);
    assert_eq!(pool.submit(Allowing::task("ab".into())).result().unwrap(), 2);
    assert_eq!(pool.submit(place::task()).result().unwrap(), 1);
    assert_eq!(pool.submit(place_below::task()).result().unwrap(), 1);
    assert_eq!(pool.submit(conditionally_a_task::task(2)).result().unwrap(), 1);
    assert_eq!(pool.submit(exported_by_its_name::task(2)).result().unwrap(), 2);
}
