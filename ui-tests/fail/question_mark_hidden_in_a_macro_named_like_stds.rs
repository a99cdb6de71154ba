use executor_runtime::prelude::*;

mod checks {
    macro_rules! assert {
        ($condition:expr) => {
            println!("{}", $condition);
        };
    }

    pub(crate) use assert;
}

fn check(text: &str) -> Result<(), std::num::ParseIntError> {
    let _ = with_pool!(thread() as _pool => {
        checks::assert!(text.parse::<i32>()? > 0);
    });
    Ok(())
}

fn main() {}
