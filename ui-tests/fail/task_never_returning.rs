use executor_runtime::prelude::*;

#[pool_task(process)]
fn serve() -> ! {
    loop {}
}

fn main() {}
