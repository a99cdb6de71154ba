// A task is an item, and stands wherever an item can.
#![deny(warnings)]

use executor_runtime::prelude::*;

fn in_a_function(pool: &ThreadPoolExecutor) -> u64 {
    #[pool_task(process)]
    fn step(n: u64) -> u64 {
        n + 1
    }
    pool.submit(step::task(1)).result().unwrap()
}

fn of_the_same_name(pool: &ThreadPoolExecutor) -> u64 {
    let first = {
        #[pool_task(process)]
        fn step(n: u64) -> u64 {
            n + 10
        }
        pool.submit(step::task(1))
    };
    let second = {
        #[pool_task(process)]
        fn step(n: u64) -> u64 {
            n + 20
        }
        pool.submit(step::task(1))
    };
    first.result().unwrap() + second.result().unwrap()
}

fn in_a_generic_function<T: Into<u64>>(pool: &ThreadPoolExecutor, value: T) -> u64 {
    #[pool_task(process)]
    fn step(n: u64) -> u64 {
        n + 3
    }
    pool.submit(step::task(value.into())).result().unwrap()
}

struct Counter(u64);

impl Counter {
    fn next(&mut self, pool: &ThreadPoolExecutor) -> u64 {
        #[pool_task(process)]
        fn step(n: u64) -> u64 {
            n + 4
        }
        self.0 = pool.submit(step::task(self.0)).result().unwrap();
        self.0
    }
}

async fn in_an_async_function(pool: &ThreadPoolExecutor) -> u64 {
    #[pool_task(process)]
    fn step(n: u64) -> u64 {
        n + 5
    }
    pool.submit(step::task(1)).result().unwrap()
}

const IN_A_CONSTANT: fn(u64) -> u64 = {
    #[pool_task(process)]
    const fn step(n: u64) -> u64 {
        n + 6
    }
    const SEVEN: u64 = step(1);
    |n| n + SEVEN + step(0)
};

fn inside_of_a_block(pool: &ThreadPoolExecutor) -> Result<u64, PoolError> {
    with_pool!(pool as pool => {
        #[pool_task(process)]
        fn step(n: u64) -> u64 {
            n + 7
        }
        pool.submit(step::task(1)).result().unwrap()
    })
}

fn main() {
    let pool = ThreadPoolExecutor::new(1).unwrap();
    assert_eq!(in_a_function(&pool), 2);
    assert_eq!(of_the_same_name(&pool), 32);
    assert_eq!(in_a_generic_function(&pool, 1_u32), 4);
    assert_eq!(Counter(1).next(&pool), 5);
    let mut six = std::pin::pin!(in_an_async_function(&pool));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert_eq!(six.as_mut().poll(&mut context), std::task::Poll::Ready(6));
    assert_eq!(IN_A_CONSTANT(1), 14);
    assert_eq!(inside_of_a_block(&pool).unwrap(), 8);
    let from_a_closure = || {
        #[pool_task(process)]
        fn step(n: u64) -> u64 {
            n + 8
        }
        pool.submit(step::task(1)).result().unwrap()
    };
    assert_eq!(from_a_closure(), 9);
}
