use executor_runtime::prelude::*;

macro_rules! ready {
    ($future:expr) => {
        $future.await
    };
}

async fn run(text: impl Future<Output = String>) {
    let _ = with_pool!(thread() as _pool => { ready!(text) });
}

fn main() {}
