//! A test of process tasks on both pools.

use executor_runtime::prelude::*;

use crate::watchdog::limited;

/// Runs a test once on threads and once on processes, two workers each.
pub fn on_both(
    test: impl Fn(&dyn Executor) -> Result<(), Box<dyn std::error::Error>>,
) -> Result<(), Box<dyn std::error::Error>> {
    limited(|| {
        test(&ThreadPoolExecutor::new(2)?)?;
        test(&ProcessPoolExecutor::new(2)?)
    })
}
