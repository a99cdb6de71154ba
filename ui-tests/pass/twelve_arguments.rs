// As many arguments as a task may have, each of another kind.
#![deny(warnings)]
#![allow(clippy::too_many_arguments)]

use executor_runtime::prelude::*;

type Twelve = (u8, String, usize, u64, char, bool, i8, u64, usize, usize, u8, u8);

#[pool_task(process)]
fn all(
    a: u8,
    b: String,
    c: &str,
    d: Option<u64>,
    e: char,
    (f, _): (bool, ()),
    mut g: i8,
    h: &[u64],
    i: &[u8],
    j: &std::path::Path,
    [k]: [u8; 1],
    _: u8,
) -> Twelve {
    g += 1;
    (a, b, c.len(), d.unwrap_or(0), e, f, g, h.iter().sum(), i.len(), j.as_os_str().len(), k, 12)
}

#[pool_task(thread)]
fn of_a_thread(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8, i: u8, j: u8, k: u8, l: u8) -> [u8; 12] {
    [a, b, c, d, e, f, g, h, i, j, k, l]
}

fn main() {
    let threads = ThreadPoolExecutor::new(1).unwrap();
    let processes = ProcessPoolExecutor::new(1).unwrap();
    let expected: Twelve = (1, "two".into(), 3, 4, '5', true, 7, 8, 9, 1, 11, 12);
    for pool in [&threads as &dyn Executor, &processes] {
        let path = std::path::Path::new("p");
        let call = all::task(1, "two".into(), "thr", Some(4), '5', (true, ()), 6, &[3, 5], &[0; 9], path, [11], 0);
        assert_eq!(pool.submit(call).result().unwrap(), expected);
    }
    let call = of_a_thread::task(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    assert_eq!(threads.submit(call).result().unwrap(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
}
