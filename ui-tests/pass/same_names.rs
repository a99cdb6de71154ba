// Tasks of one name are several tasks, whatever else is called so: a worker never takes one for the other.
#![deny(warnings)]
#![allow(dead_code)]

use executor_runtime::prelude::*;

mod flat {
    #[executor_runtime::pool_task(process)]
    pub(crate) fn area(n: u64) -> u64 {
        n * n
    }
}

mod solid {
    #[executor_runtime::pool_task(process)]
    pub(crate) fn area(n: u64) -> u64 {
        6 * n * n
    }

    pub(crate) mod flat {
        #[executor_runtime::pool_task(process)]
        pub(crate) fn area(n: u64) -> u64 {
            n
        }
    }
}

fn in_blocks(pool: &dyn Executor) -> u64 {
    let first = {
        #[pool_task(process)]
        fn area(n: u64) -> u64 {
            n + 10
        }
        pool.submit(area::task(1))
    };
    #[pool_task(process)]
    fn area(n: u64) -> u64 {
        n + 20
    }
    first.result().unwrap() * 100 + pool.submit(area::task(1)).result().unwrap()
}

macro_rules! shapes {
    ($($shape:ident: $factor:expr),*) => {
        $(
            mod $shape {
                #[executor_runtime::pool_task(process)]
                pub(crate) fn area(n: u64) -> u64 {
                    $factor * n
                }
            }
        )*
    };
}

shapes!(hexagon: 30, octagon: 40);

// What a glob brings gives way to a task.
mod types {
    #[allow(non_camel_case_types)]
    pub(crate) struct length;
    pub(crate) mod width {}
    pub(crate) const HEIGHT: u64 = 2;
}
use types::*;

#[pool_task(process)]
fn length(n: u64) -> u64 {
    n
}

#[pool_task(process)]
fn width(n: u64) -> u64 {
    n
}

// Names that executors, calls and the prelude have, too.
#[pool_task(process)]
fn submit(n: u64) -> u64 {
    n
}

#[pool_task(process)]
fn wait(n: u64) -> u64 {
    n
}

#[pool_task(process)]
fn drop(n: u64) -> u64 {
    n
}

#[pool_task(process)]
fn new(new: u64) -> u64 {
    new
}

// A macro, a label, a lifetime and a field have names of their own.
macro_rules! square {
    ($n:expr) => {
        $n * $n
    };
}

struct Shape<'square> {
    square: &'square u64,
}

#[pool_task(process)]
fn square(square: u64) -> u64 {
    'square: loop {
        break 'square square!(square);
    }
}

fn main() {
    let threads = ThreadPoolExecutor::new(1).unwrap();
    let processes = ProcessPoolExecutor::new(1).unwrap();
    for pool in [&threads as &dyn Executor, &processes] {
        let areas = [
            pool.submit(flat::area::task(1)),
            pool.submit(solid::area::task(1)),
            pool.submit(solid::flat::area::task(1)),
            pool.submit(hexagon::area::task(1)),
            pool.submit(octagon::area::task(1)),
        ];
        assert_eq!(areas.map(|area| area.result().unwrap()), [1, 6, 1, 30, 40]);
        assert_eq!(in_blocks(pool), 1121);
        let names = [
            pool.submit(length::task(1)),
            pool.submit(width::task(HEIGHT)),
            pool.submit(submit::task(3)),
            pool.submit(wait::task(4)),
            pool.submit(drop::task(5)),
            pool.submit(new::task(6)),
            pool.submit(square::task(7)),
        ];
        assert_eq!(names.map(|name| name.result().unwrap()), [1, 2, 3, 4, 5, 6, 49]);
    }
    assert_eq!(*Shape { square: &square(2) }.square, 4);
}
