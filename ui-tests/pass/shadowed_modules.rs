// Modules, imports and locals of the user's with the names of crates that the expansions go through.
#![deny(warnings)]
#![allow(dead_code)]

mod core {}
mod std {}
mod alloc {}
mod serde {}
mod linkme {}
mod postcard {}
mod executor_runtime {
    pub(crate) mod prelude {}
    pub(crate) mod __private {}
}
mod prelude {}
mod __private {}

use ::executor_runtime::prelude::*;

#[pool_task(process)]
fn sum(text: &str, bytes: &[u8], n: u64) -> u64 {
    n + text.len() as u64 + bytes.len() as u64
}

mod inner {
    use ::executor_runtime as core;

    #[core::pool_task(process, crate = core)]
    pub(crate) fn renamed(n: u64) -> u64 {
        n
    }

    mod std {}
    mod linkme {}
}

fn total(stop: bool) -> Result<u64, Box<dyn ::std::error::Error>> {
    let (core, std, executor_runtime) = (1, 2, 3);
    let total = with_pool!(process(max_workers = 1) as linkme => {
        let first = linkme.submit(sum::task("ab", b"c", core + std)).result()?;
        if stop {
            return Ok(executor_runtime);
        }
        first + linkme.submit(inner::renamed::task(4)).result()?
    })?;
    Ok(total)
}

fn main() {
    assert_eq!(total(false).unwrap(), 10);
    assert_eq!(total(true).unwrap(), 3);
}
