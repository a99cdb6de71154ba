use executor_runtime::prelude::*;

macro_rules! stop {
    ($label:lifetime) => {
        break $label
    };
}

fn main() {
    'all: loop {
        let _ = with_pool!(thread() as _pool => { stop!('all); });
    }
}
