//! What the workers do, well or badly.

use std::time::{Duration, Instant};

use executor_runtime::prelude::*;

/// A number that nobody gets by chance.
pub(crate) fn mixed(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    n ^ (n >> 27)
}

#[pool_task(process)]
pub(crate) fn quick(n: u64) -> u64 {
    mixed(n)
}

#[pool_task(process)]
pub(crate) fn bytes(n: u64, mut data: Vec<u8>) -> (u64, Vec<u8>) {
    for byte in data.iter_mut().step_by(997) {
        *byte ^= n.to_le_bytes()[0];
    }
    (mixed(n), data)
}

#[pool_task(process)]
pub(crate) fn long(n: u64, time: Duration) -> u64 {
    let end = Instant::now() + time;
    while Instant::now() < end {
        std::hint::spin_loop();
    }
    mixed(n)
}

/// One that may run again, since it changes nothing.
#[pool_task(process, retries = 3)]
pub(crate) fn again(n: u64) -> u64 {
    std::thread::sleep(Duration::from_millis(1));
    mixed(n)
}

#[pool_task(process)]
pub(crate) fn panics(n: u64) -> u64 {
    std::panic::resume_unwind(Box::new(format!("task {n}")))
}

#[pool_task(process)]
pub(crate) fn aborts() {
    std::process::abort()
}

#[pool_task(process)]
pub(crate) fn exits(code: i32) {
    std::process::exit(code)
}

#[pool_task(process)]
pub(crate) fn never_ends() {
    loop {
        std::hint::spin_loop();
    }
}

/// Leaves a process and a thread behind that would go on.
#[pool_task(process)]
pub(crate) fn leaves(n: u64) -> u64 {
    std::thread::spawn(|| std::thread::sleep(Duration::from_mins(10)));
    // Its worker's end is its end.
    let _child = std::process::Command::new("sleep").arg("600").spawn();
    mixed(n)
}

/// Takes its worker with it now and then, in the middle of a chunk.
#[pool_task(process)]
pub(crate) fn one_of_many(n: u64, bad: u64) -> u64 {
    if n == bad {
        std::process::abort();
    }
    mixed(n)
}
