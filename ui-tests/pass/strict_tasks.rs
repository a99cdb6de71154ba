//! Tasks of every shape in a crate that allows nothing.

#![deny(warnings, missing_docs, missing_debug_implementations, missing_copy_implementations, unreachable_pub)]
#![deny(unused_qualifications, unused_lifetimes, single_use_lifetimes, elided_lifetimes_in_paths, unnameable_types)]
#![deny(let_underscore_drop, unused_results, trivial_casts, trivial_numeric_casts, redundant_lifetimes)]
#![deny(rust_2018_idioms, rust_2024_compatibility, variant_size_differences, unit_bindings, unused, deprecated)]
#![forbid(unsafe_code)]

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use executor_runtime::pool_task;

/// Public.
pub mod api {
    use executor_runtime::pool_task;

    /// Counts.
    ///
    /// A second paragraph.
    #[pool_task(process)]
    #[must_use]
    pub fn count(text: &str, word: &str) -> usize {
        text.matches(word).count()
    }

    mod private {
        #[executor_runtime::pool_task(process)]
        pub(super) fn hidden(n: u64) -> u64 {
            n
        }
    }

    /// Uses what is private.
    pub fn uses() {
        drop(private::hidden::task(private::hidden(1)));
    }

    /// A public function that nobody should use any more.
    #[pool_task(process)]
    #[deprecated(since = "0.1.0", note = "use `count`")]
    #[must_use]
    pub const fn old(n: u64) -> u64 {
        n
    }

    /// Twelve.
    #[pool_task(process, name = "twelve.v1")]
    #[must_use]
    pub const fn twelve(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8, i: u8, j: u8, k: u8, l: u8) -> u8 {
        a + b + c + d + e + f + g + h + i + j + k + l
    }
}

#[pool_task(process)]
fn bytes(data: &[u8], more: &[u8]) -> usize {
    data.len() + more.len()
}

#[pool_task(process)]
fn paths(base: PathBuf, path: &Path) -> PathBuf {
    base.join(path)
}

#[pool_task(process)]
fn slices(numbers: &[u64], texts: &[&str], pair: &(u8, String)) -> String {
    format!("{numbers:?} {texts:?} {pair:?}")
}

#[pool_task(process)]
fn named<'a>(first: &'a str, second: &'a str, third: Option<&'a str>, fourth: Cow<'_, str>) -> String {
    format!("{first}{second}{third:?}{fourth}")
}

#[pool_task(process)]
fn patterns((a, b): (u8, u8), mut c: u8, [d, e]: [u8; 2], _: u8, arg0: u8, _unused: u8) -> u8 {
    c += 1;
    a + b + c + d + e + arg0
}

#[pool_task(process)]
fn r#type(r#fn: u8) -> Result<u8, String> {
    Ok(r#fn)
}

#[pool_task(process)]
#[allow(non_snake_case)]
fn Shout(LOUD: u8) -> u8 {
    LOUD
}

#[pool_task(thread)]
fn borrowing(text: &str, function: &(dyn Fn(&str) -> usize + Sync)) -> usize {
    function(text)
}

#[pool_task(thread)]
fn owning(text: &'static str, function: fn(&str) -> &str, boxed: Box<dyn Fn(u8) -> u8 + Send>) -> &'static str {
    let _ = (function(text), boxed(1));
    text
}

#[pool_task(process)]
#[cfg_attr(unix, inline)]
#[cfg(unix)]
fn on_unix(n: u64) -> u64 {
    n
}

fn main() {
    #[pool_task(process)]
    fn inside(n: u64) -> u64 {
        n
    }
    drop(inside::task(1));
    api::uses();
    assert_eq!(api::count("aa", "a"), 2);
    drop((api::count::task("aa", "a"), api::twelve::task(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)));
    drop((bytes::task(b"", b""), paths::task("a".into(), Path::new("b")), slices::task(&[], &[], &(1, String::new()))));
    drop((named::task("", "", None, "".into()), patterns::task((1, 2), 3, [4, 5], 6, 7, 8)));
    drop((r#type::task(1), Shout::task(1), on_unix::task(1), borrowing::task("", &str::len)));
    drop(owning::task("", |text| text, Box::new(|n| n)));
}
