use executor_runtime::prelude::*;

fn first_or_last(numbers: &mut [u64], stop: bool) -> Option<&mut u64> {
    let _ = with_pool!(thread() as _pool => {
        if stop {
            return numbers.first_mut();
        }
    });
    numbers.last_mut()
}

fn main() {}
