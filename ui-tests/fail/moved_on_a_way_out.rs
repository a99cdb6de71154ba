use executor_runtime::prelude::*;

fn describe(text: String, stop: bool) -> String {
    let _ = with_pool!(thread() as _pool => {
        if stop {
            return text;
        }
    });
    text
}

fn main() {}
