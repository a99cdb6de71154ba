// An option's value can come out of a fragment of the user's macro.
use executor_runtime::prelude::*;

macro_rules! tasks {
    ($($name:ident = $literal:literal in $path:path;)*) => {
        $(
            #[pool_task(process, name = $literal, crate = $path)]
            fn $name(n: u64) -> u64 {
                n
            }
        )*
    };
}

tasks! {
    one = "one" in executor_runtime;
    two = "two" in ::executor_runtime;
}

fn main() {
    assert_eq!(one(1) + two(2), 3);
}
