// A method that a trait of the user's gives to everything.
use executor_runtime::prelude::*;

trait Outcome {
    fn failed(&self) -> bool {
        false
    }
}
impl<T> Outcome for T {}

fn first(stop: bool) -> Result<u64, PoolError> {
    with_pool!(thread() as _pool => {
        if stop {
            return Ok(0);
        }
        1
    })
}

fn main() {
    assert_eq!((first(true).unwrap(), first(false).unwrap()), (0, 1));
}
