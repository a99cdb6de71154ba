use executor_runtime::prelude::*;

macro_rules! skip {
    ($label:lifetime) => {
        continue $label
    };
}

fn main() {
    'all: loop {
        let _ = with_pool!(thread() as _pool => { skip!('all); });
    }
}
