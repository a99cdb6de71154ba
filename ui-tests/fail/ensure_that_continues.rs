use executor_runtime::prelude::*;

macro_rules! ensure {
    ($condition:expr) => {
        if !$condition {
            continue;
        }
    };
}

fn total(numbers: &[u64]) -> Result<u64, TaskError> {
    let mut total = 0;
    for n in numbers {
        let _ = with_pool!(thread() as _pool => {
            ensure!(*n > 0);
            total += n;
        });
    }
    Ok(total)
}

fn main() {}
