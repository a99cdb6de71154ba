//! Generic tasks in a crate that allows nothing.

#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, unused, unused_qualifications)]
#![deny(single_use_lifetimes, elided_lifetimes_in_paths, unnameable_types, rust_2018_idioms, rust_2024_compatibility)]
#![forbid(unsafe_code)]

use std::error::Error;

use executor_runtime::prelude::*;

/// Public.
pub mod api {
    use std::fmt::Debug;

    use executor_runtime::pool_task;

    /// The largest one.
    #[pool_task(process, timeout = "1m", retries = 1, name = "largest", version = 2, instances(u32, String))]
    #[must_use]
    pub fn largest<T: Ord + Clone>(items: &[T]) -> Option<T> {
        items.iter().max().cloned()
    }

    /// Both.
    #[pool_task(process, instances((u8, Vec<u8>), (String, bool)))]
    pub fn pair<A, B>(first: A, second: B) -> (A, B)
    where
        A: Clone + Debug,
        B: Debug,
    {
        (first, second)
    }

    /// How many bytes a text has.
    #[pool_task(thread)]
    pub fn length<T: AsRef<str> + ?Sized>(text: &T) -> usize {
        text.as_ref().len()
    }

    /// All in one.
    #[pool_task(thread, timeout = "1m")]
    pub fn flat<'a, I, const N: usize>(groups: [I; N], before: &'a str, after: Option<&'a I::Item>) -> Vec<String>
    where
        I: Iterator,
        I::Item: ToString + Sync,
    {
        let items = groups.into_iter().flatten().map(|item| format!("{before}{}", item.to_string()));
        items.chain(after.map(ToString::to_string)).collect()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let pool = ProcessPoolExecutor::new(1)?;
    assert_eq!(pool.submit(api::largest::task(&[3_u32, 5, 1])).result()?, Some(5));
    assert_eq!(pool.submit(api::pair::task("a".to_owned(), true)).result()?, ("a".to_owned(), true));
    let texts = with_pool!(thread(max_workers = 1) as threads => {
        assert_eq!(threads.submit(api::length::task("four")).result()?, 4);
        threads.submit(api::flat::task([0..2, 7..8], "n", Some(&9))).result()?
    })?;
    assert_eq!(texts, ["n0", "n1", "n7", "9"]);
    Ok(())
}
