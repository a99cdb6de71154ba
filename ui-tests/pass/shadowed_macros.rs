// Macros of the user's with the names of std's: the expansions mean std's, the user's code its own.
#![deny(warnings)]
#![allow(unused_macros)]

macro_rules! concat {
    (yes $value:expr) => {
        $value + 1
    };
}
macro_rules! module_path {
    (yes $value:expr) => {
        $value + 1
    };
}
macro_rules! stringify {
    (yes $value:expr) => {
        $value + 1
    };
}
macro_rules! file {
    (yes $value:expr) => {
        $value + 1
    };
}
macro_rules! line {
    (yes $value:expr) => {
        $value + 1
    };
}
macro_rules! column {
    (yes $value:expr) => {
        $value + 1
    };
}
macro_rules! unreachable {
    (yes $value:expr) => {
        $value + 1
    };
}
macro_rules! compile_error {
    (yes $value:expr) => {
        $value + 1
    };
}
macro_rules! eprintln {
    (yes $value:expr) => {
        $value + 1
    };
}
macro_rules! println {
    (yes $value:expr) => {
        $value + 1
    };
}
macro_rules! panic {
    (yes $value:expr) => {
        $value + 1
    };
}
macro_rules! vec {
    (yes $value:expr) => {
        $value + 1
    };
}
macro_rules! assert {
    (yes $value:expr) => {
        $value + 1
    };
}
macro_rules! matches {
    (yes $value:expr) => {
        $value + 1
    };
}
macro_rules! dbg {
    (yes $value:expr) => {
        $value + 1
    };
}

use executor_runtime::prelude::*;

#[pool_task(process)]
fn sum(text: &str, n: u64) -> u64 {
    n + text.len() as u64
}

#[pool_task(process, name = "named")]
fn named(n: u64) -> u64 {
    n
}

fn total(n: u64) -> Result<u64, Box<dyn std::error::Error>> {
    let total = with_pool!(thread(max_workers = 1) as pool => {
        if n == 0 {
            return Ok(0);
        }
        let of_the_user = vec!(yes n) + println!(yes n) + assert!(yes n) + matches!(yes n) + dbg!(yes n);
        of_the_user + pool.submit(sum::task("a", 1)).result()? + pool.submit(named::task(1)).result()?
    })?;
    Ok(total)
}

fn main() {
    ::std::assert_eq!(total(1).unwrap(), 13);
    ::std::assert_eq!(total(0).unwrap(), 0);
}
