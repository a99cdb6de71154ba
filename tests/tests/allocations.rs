//! What a job on threads costs in memory: one allocation, which closure, core and value share.
//!
//! One test, since whatever the program allocates meanwhile is counted.

use std::alloc::System;

use executor_runtime::prelude::*;
use executor_tests::watchdog::limited;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const JOBS: usize = 1_000;
/// For a queue that grows, which it does by doubling, and for what the test's own threads do.
const OTHERS: usize = 50;

/// How often memory was asked for while `work` ran.
fn allocations(work: impl FnOnce()) -> usize {
    let region = Region::new(COUNTED);
    work();
    let change = region.change();
    change.allocations + change.reallocations
}

#[test]
fn a_job_on_threads_is_one_allocation() {
    limited(|| {
        for max_workers in [1, 2, 8] {
            let pool = ThreadPoolExecutor::new(max_workers).expect("a pool");
            let mut futures = Vec::with_capacity(JOBS);
            let mut burst = || {
                futures.extend((0..JOBS).map(|n| pool.submit(move || n + 1)));
                for (n, future) in futures.drain(..).enumerate() {
                    assert_eq!(future.result().expect("it runs"), n + 1);
                }
            };
            // Threads start, and take what they need.
            burst();
            let for_a_burst = allocations(&mut burst);
            let one_by_one = allocations(|| {
                for n in 0..JOBS {
                    assert_eq!(pool.submit(move || n + 1).result().expect("it runs"), n + 1);
                }
            });
            for counted in [for_a_burst, one_by_one] {
                assert!((JOBS..=JOBS + OTHERS).contains(&counted), "{counted} allocations by {max_workers} threads");
            }
        }
    });
}
