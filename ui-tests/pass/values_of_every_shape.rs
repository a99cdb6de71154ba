// Units, tuples, arrays, numbers of every size: there and back unchanged.
#![deny(warnings)]

use std::collections::{BTreeSet, VecDeque};
use std::net::Ipv4Addr;
use std::num::NonZeroU8;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration as Span;

use executor_runtime::prelude::*;

static CALLED: AtomicU64 = AtomicU64::new(0);

#[pool_task(thread)]
fn nothing() {
    CALLED.fetch_add(1, Ordering::Relaxed);
}

#[pool_task(process)]
fn unit() -> () {}

#[pool_task(process)]
fn units(_: (), (): ()) -> ((), ()) {
    ((), ())
}

#[pool_task(process)]
fn numbers(
    a: i8,
    b: i128,
    c: u128,
    d: f32,
    e: f64,
    f: char,
    g: bool,
    h: usize,
) -> (i8, i128, u128, f32, f64, char, bool, usize) {
    (a, b, c, d, e, f, g, h)
}

#[pool_task(process)]
fn arrays(a: [u8; 0], b: [[u16; 2]; 2], c: [String; 1]) -> ([u8; 0], [[u16; 2]; 2], [String; 1]) {
    (a, b, c)
}

#[pool_task(process)]
fn collections(a: Vec<u8>, b: VecDeque<i32>, c: BTreeSet<char>, d: Box<[u64]>, e: Box<str>) -> usize {
    a.len() + b.len() + c.len() + d.len() + e.len()
}

#[pool_task(process)]
fn others(a: Span, b: NonZeroU8, c: Ipv4Addr, d: std::path::PathBuf, e: Option<Box<u8>>) -> String {
    format!("{a:?} {b} {c} {} {e:?}", d.display())
}

#[pool_task(thread)]
fn unsized_behind(a: Box<dyn Fn() -> u64 + Send>, b: std::sync::Arc<str>) -> u64 {
    a() + b.len() as u64
}

fn main() {
    let threads = ThreadPoolExecutor::new(1).unwrap();
    let processes = ProcessPoolExecutor::new(1).unwrap();
    let () = threads.submit(nothing::task()).result().unwrap();
    assert_eq!(CALLED.load(Ordering::Relaxed), 1);
    assert_eq!(threads.submit(unsized_behind::task(Box::new(|| 1), "ab".into())).result().unwrap(), 3);
    for pool in [&threads as &dyn Executor, &processes] {
        let () = pool.submit(unit::task()).result().unwrap();
        assert_eq!(pool.submit(units::task((), ())).result().unwrap(), ((), ()));
        let all = (i8::MIN, i128::MIN, u128::MAX, f32::MIN, f64::EPSILON, 'ß', true, usize::MAX);
        let (a, b, c, d, e, f, g, h) = all;
        assert_eq!(pool.submit(numbers::task(a, b, c, d, e, f, g, h)).result().unwrap(), all);
        let all = ([], [[1, 2], [3, 4]], ["a".to_owned()]);
        assert_eq!(pool.submit(arrays::task(all.0, all.1, all.2.clone())).result().unwrap(), all);
        let call = collections::task(vec![1], [1, 2].into(), ['a'].into(), Box::new([1]), "ab".into());
        assert_eq!(pool.submit(call).result().unwrap(), 7);
        let call = others::task(Span::from_millis(2), NonZeroU8::MIN, Ipv4Addr::LOCALHOST, "a/b".into(), None);
        assert_eq!(pool.submit(call).result().unwrap(), "2ms 1 127.0.0.1 a/b None");
    }
}
