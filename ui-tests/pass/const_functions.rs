// A `const fn` stays one beside its task.
#![deny(warnings)]

use executor_runtime::prelude::*;

#[pool_task(process)]
const fn square(n: u64) -> u64 {
    n * n
}

#[pool_task(process)]
pub const fn is_long(text: &str) -> bool {
    text.len() as u64 > LIMIT
}

const LIMIT: u64 = square(3);
static LONG: bool = is_long("ten letter");
const POWERS: [u64; square(2) as usize] = [square(1), square(2), square(3), square(4)];

const fn sum_of_squares(n: u64) -> u64 {
    if n == 0 { 0 } else { square(n) + sum_of_squares(n - 1) }
}

fn main() {
    const { assert!(sum_of_squares(3) == 14) };
    assert!(LONG);
    let pool = ThreadPoolExecutor::new(1).unwrap();
    let squares: Vec<u64> = pool.map(square::task, 1..5).map(Result::unwrap).collect();
    assert_eq!(squares, POWERS);
    assert!(pool.submit(is_long::task("ten letter")).result().unwrap());
}
