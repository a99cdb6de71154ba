// What may stand in front of an argument's colon.
#![deny(warnings)]

use executor_runtime::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Point {
    x: u64,
    y: u64,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Metres(u64);

#[pool_task(process)]
fn structs(Point { x, y: height }: Point, Point { x: other, .. }: Point, Metres(metres): Metres) -> u64 {
    x + height + other + metres
}

#[pool_task(process)]
fn tuples((a, (b, _)): (u64, (u64, u64)), (first, ..): (u64, u64), (): (), (one,): (u64,)) -> u64 {
    a + b + first + one
}

#[pool_task(process)]
fn arrays([a, .., b]: [u64; 4], [first, rest @ ..]: [u64; 3]) -> u64 {
    a + b + first + rest.iter().sum::<u64>()
}

#[pool_task(process)]
fn bindings(mut n: u64, ref text: String, whole @ Point { x, .. }: Point, _: u64, _unused: u64) -> u64 {
    n += 1;
    n + text.len() as u64 + whole.y + x
}

#[pool_task(process)]
fn borrows(&n: &u64, (a, b): &(u64, u64), &Metres(metres): &Metres, [c, d]: &[u64; 2]) -> u64 {
    n + a + b + metres + c + d
}

#[pool_task(process)]
fn alternatives((Ok(n) | Err(n)): Result<u64, u64>) -> u64 {
    n
}

#[pool_task(thread)]
fn boxed(mut items: Box<[u64]>, (f, n): (fn(u64) -> u64, u64)) -> u64 {
    items[0] = f(n);
    items.iter().sum()
}

// Our own names for patterns are numbered, and never meet the user's.
#[pool_task(process)]
fn numbered((arg1, arg2): (u64, u64), arg0: u64, [arg3]: [u64; 1]) -> u64 {
    arg0 * 1000 + arg1 * 100 + arg2 * 10 + arg3
}

fn main() {
    let pool = ThreadPoolExecutor::new(1).unwrap();
    let point = Point { x: 1, y: 2 };
    assert_eq!(pool.submit(structs::task(point, point, Metres(3))).result().unwrap(), 7);
    assert_eq!(pool.submit(tuples::task((1, (2, 3)), (4, 5), (), (6,))).result().unwrap(), 13);
    assert_eq!(pool.submit(arrays::task([1, 2, 3, 4], [5, 6, 7])).result().unwrap(), 23);
    assert_eq!(pool.submit(bindings::task(1, "ab".into(), point, 0, 0)).result().unwrap(), 7);
    assert_eq!(pool.submit(borrows::task(&1, &(2, 3), &Metres(4), &[5, 6])).result().unwrap(), 21);
    assert_eq!(pool.submit(alternatives::task(Err(3))).result().unwrap(), 3);
    assert_eq!(pool.submit(boxed::task(Box::new([0, 1]), (|n| n + 1, 2))).result().unwrap(), 4);
    assert_eq!(pool.submit(numbered::task((2, 3), 1, [4])).result().unwrap(), 1234);
}
