// All at once, each on its token, in nested blocks too.
use executor_runtime::prelude::*;

async fn several() {
    let _ = with_pool!(thread(max_worker = 1, prewarm = 2, max_workers = 0, stack_size) as pool => {
        std::future::ready(()).await;
        with_pool!(process(frob = 3) as _inner => {});
    });
}

fn main() {}
