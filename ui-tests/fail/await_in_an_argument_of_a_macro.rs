use executor_runtime::prelude::*;

async fn print(text: impl Future<Output = String>) {
    let _ = with_pool!(thread() as _pool => { println!("{}", text.await) });
}

fn main() {}
