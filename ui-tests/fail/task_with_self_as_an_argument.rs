use executor_runtime::prelude::*;

#[derive(Clone, Copy, serde::Serialize, serde::Deserialize)]
struct Square(u64);

impl Square {
    #[pool_task(process)]
    fn area(square: Self) -> u64 {
        square.0
    }
}

fn main() {}
