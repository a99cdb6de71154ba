use executor_runtime::prelude::*;

#[pool_task(process)]
fn log(text: &str, #[cfg(unix)] descriptor: i32) {
    #[cfg(unix)]
    let _ = (text, descriptor);
}

fn main() {}
