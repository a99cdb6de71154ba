// Each part of a task can come out of a fragment of the user's macro.
#![deny(warnings)]

use executor_runtime::prelude::*;

macro_rules! from_fragments {
    (
        $kind:ident $(, $option:ident = $value:tt)*;
        $(#[$attribute:meta])* $visibility:vis $name:ident($($argument:ident: $ty:ty),* $(,)?) -> $output:ty $body:block
    ) => {
        $(#[$attribute])*
        #[pool_task($kind $(, $option = $value)*)]
        $visibility fn $name($($argument: $ty),*) -> $output $body
    };
}

from_fragments!(process; count(text: &str, bytes: &[u8], n: u64) -> u64 { text.len() as u64 + bytes.len() as u64 + n });
from_fragments!(process; listed(list: &[u64], one: &Option<u64>) -> u64 { list.iter().sum::<u64>() + one.unwrap_or(0) });
from_fragments!(thread; #[must_use] pub(crate) shout(text: String) -> String { text.to_uppercase() });
from_fragments!(process, name = "chosen"; #[inline] pub(self) nothing() -> () {});

macro_rules! from_an_item {
    ($item:item) => {
        #[pool_task(process)]
        $item
    };
}

from_an_item! {
    /// With a line of its own.
    fn square(n: u64) -> u64 {
        n * n
    }
}

macro_rules! from_tokens {
    ($($tokens:tt)*) => {
        $($tokens)*
    };
}

from_tokens! {
    #[pool_task(process)]
    fn slices(list: &[&str], (a, b): (u8, &[u8])) -> usize {
        list.len() + usize::from(a) + b.len()
    }
}

macro_rules! from_patterns {
    ($name:ident, $pattern:pat => $ty:ty, $lifetime:lifetime, $length:literal, $path:path, $value:expr) => {
        #[pool_task(process)]
        fn $name<$lifetime>($pattern: $ty, text: &$lifetime str, list: [u64; $length], other: $path) -> u64 {
            $value + text.len() as u64 + list.iter().sum::<u64>() + other.len() as u64
        }
    };
}

from_patterns!(patterns, (_, _) => (u64, &[u8]), 'text, 2, std::string::String, 1 + 1);

macro_rules! with_names_of_its_own {
    ($name:ident) => {
        #[pool_task(process)]
        fn $name(first: u64, second: &str) -> u64 {
            first + second.len() as u64
        }
    };
}

with_names_of_its_own!(hygienic);

mod recursive {
    macro_rules! each {
        () => {};
        ($name:ident $($rest:ident)*) => {
            #[executor_runtime::pool_task(process)]
            pub(crate) fn $name(n: u64) -> u64 {
                n
            }
            each!($($rest)*);
        };
    }
    each!(a b c);
}

fn main() {
    let threads = ThreadPoolExecutor::new(1).unwrap();
    let processes = ProcessPoolExecutor::new(1).unwrap();
    assert_eq!(threads.submit(shout::task("a".into())).result().unwrap(), "A");
    for pool in [&threads as &dyn Executor, &processes] {
        assert_eq!(pool.submit(count::task("ab", b"c", 1)).result().unwrap(), 4);
        assert_eq!(pool.submit(listed::task(&[1, 2], &Some(3))).result().unwrap(), 6);
        let () = pool.submit(nothing::task()).result().unwrap();
        assert_eq!(pool.submit(square::task(3)).result().unwrap(), 9);
        assert_eq!(pool.submit(slices::task(&["a"], (1, b"c"))).result().unwrap(), 3);
        assert_eq!(pool.submit(patterns::task((1, b"a"), "ab", [1, 2], "c".into())).result().unwrap(), 8);
        assert_eq!(pool.submit(hygienic::task(1, "ab")).result().unwrap(), 3);
        let calls = [recursive::a::task(1)].map(|call| pool.submit(call).result().unwrap());
        assert_eq!(calls, [1]);
        assert_eq!(pool.submit(recursive::b::task(2)).result().unwrap(), 2);
        assert_eq!(pool.submit(recursive::c::task(3)).result().unwrap(), 3);
    }
}
