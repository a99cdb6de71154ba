use executor_runtime::prelude::*;

fn run() {
    let future = {
        let text = String::from("a rose");
        with_pool!(thread() as pool => { pool.submit(|| text.trim()) }).unwrap()
    };
    drop(future);
}

fn main() {}
