// A task's two names go wherever its module lets them: visibility, re-exports, imports.
#![deny(warnings, unreachable_pub, unused_qualifications)]

use executor_runtime::prelude::*;

mod shapes {
    pub(crate) mod flat {
        use executor_runtime::pool_task;

        #[pool_task(process)]
        pub(crate) fn area(width: u64) -> u64 {
            width * width
        }

        #[pool_task(process)]
        pub(in crate::shapes) fn corners() -> u64 {
            4
        }

        #[pool_task(process)]
        pub(super) fn sides() -> u64 {
            4
        }

        #[pool_task(thread)]
        pub(self) fn edges() -> u64 {
            4
        }

        pub(crate) fn counted(pool: &executor_runtime::ThreadPoolExecutor) -> u64 {
            pool.submit(edges::task()).result().unwrap()
        }
    }

    pub(crate) mod solid {
        #[executor_runtime::pool_task(process)]
        pub(crate) fn area(width: u64) -> u64 {
            6 * super::flat::area(width)
        }
    }

    pub(crate) use self::flat::area as flat_area;

    pub(crate) fn counted(pool: &super::ThreadPoolExecutor) -> u64 {
        let calls = [pool.submit(flat::corners::task()), pool.submit(flat::sides::task())];
        calls.into_iter().map(|call| call.result().unwrap()).sum()
    }
}

/// What a library would show of itself.
pub mod api {
    /// Doubles.
    #[executor_runtime::pool_task(process)]
    pub fn double(n: u64) -> u64 {
        2 * n
    }
}

mod everything {
    pub(crate) use super::api::*;
}

use shapes::solid;
use shapes::solid::area as solid_area;

fn main() {
    let pool = ThreadPoolExecutor::new(1).unwrap();
    let calls = [
        pool.submit(shapes::flat::area::task(2)),
        pool.submit(solid::area::task(2)),
        pool.submit(solid_area::task(2)),
        pool.submit(shapes::flat_area::task(2)),
        pool.submit(everything::double::task(2)),
    ];
    assert_eq!(calls.map(|call| call.result().unwrap()), [4, 24, 24, 4, 4]);
    assert_eq!((shapes::flat_area(2), solid_area(2), everything::double(2)), (4, 24, 4));
    assert_eq!(shapes::counted(&pool), 8);
    assert_eq!(shapes::flat::counted(&pool), 4);
}
