// The function is still a function, whatever is done with it.
#![deny(warnings)]

use executor_runtime::prelude::*;

#[pool_task(process)]
fn square(n: u64) -> u64 {
    n * n
}

#[pool_task(thread)]
fn longer<'a>(a: &'a str, b: &'a str) -> usize {
    a.len().max(b.len())
}

#[pool_task(process)]
fn factorial(n: u64) -> u64 {
    if n == 0 { 1 } else { n * factorial(n - 1) }
}

struct Table {
    function: fn(u64) -> u64,
}

fn twice(f: impl Fn(u64) -> u64, n: u64) -> u64 {
    f(f(n))
}

fn boxed() -> Box<dyn Fn(u64) -> u64> {
    Box::new(square)
}

mod elsewhere {
    use super::square as by_another_name;

    pub(crate) fn call() -> u64 {
        by_another_name(2) + super::square(1)
    }
}

const TABLE: Table = Table { function: square };
static FUNCTIONS: [fn(u64) -> u64; 2] = [square, factorial];

fn main() {
    assert_eq!(square(3), 9);
    assert_eq!((1..4).map(square).collect::<Vec<_>>(), [1, 4, 9]);
    assert_eq!(Some(3).map(self::square), Some(9));
    assert_eq!((twice(square, 2), twice(&square, 2), boxed()(3)), (16, 16, 9));
    assert_eq!((TABLE.function)(3), 9);
    assert_eq!(FUNCTIONS.iter().map(|function| function(4)).sum::<u64>(), 40);
    let pointer: fn(u64) -> u64 = if FUNCTIONS.len() > 1 { square } else { factorial };
    assert_eq!(pointer(2) + elsewhere::call(), 9);
    let as_trait: &dyn Fn(&'static str, &'static str) -> usize = &longer;
    assert_eq!(as_trait("a", "ab"), 2);
    assert_eq!(size_of_val(&square), 0);

    // A local of its name hides the function, never its task.
    let square = square(3);
    assert_eq!(square, 9);
    let pool = ThreadPoolExecutor::new(1).unwrap();
    assert_eq!(pool.submit(square::task(square)).result().unwrap(), 81);
    assert_eq!(pool.map(square::task, 1..3).map(Result::unwrap).sum::<u64>(), 5);
    let square = square::task;
    assert_eq!(pool.submit(square(4)).result().unwrap(), 16);
    let fold = |factorial: u64| factorial + 1;
    assert_eq!(fold(factorial(3)), 7);
    assert_eq!(pool.submit(move || factorial(3)).result().unwrap(), 6);
}
