//! A documented crate stays one, whatever form its docs have.

#![deny(warnings, missing_docs)]

use executor_runtime::prelude::*;

/// A line.
#[pool_task(process)]
pub fn line(n: u64) -> u64 {
    n
}

/** A block.

With a second paragraph. */
#[pool_task(process)]
pub fn block(n: u64) -> u64 {
    n
}

#[doc = concat!("Made of ", "pieces.")]
#[pool_task(process)]
pub fn pieces(n: u64) -> u64 {
    n
}

/// Above, and
#[pool_task(process)]
/// below the attribute.
#[doc(alias = "both")]
pub fn around(n: u64) -> u64 {
    n
}

/// Hidden.
#[doc(hidden)]
#[pool_task(thread)]
pub fn hidden(n: u64) -> u64 {
    n
}

#[allow(missing_docs)]
#[pool_task(process)]
pub fn undocumented(n: u64) -> u64 {
    n
}

#[pool_task(process)]
fn private(n: u64) -> u64 {
    n
}

fn main() {
    let sum = line(1) + block(1) + pieces(1) + around(1) + hidden(1) + undocumented(1) + private(1);
    assert_eq!(sum, 7);
    let calls = (line::task(1), block::task(1), pieces::task(1), around::task(1), hidden::task(1));
    drop((calls, undocumented::task(1), private::task(1)));
}
