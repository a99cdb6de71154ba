use executor_runtime::prelude::*;

#[derive(Clone, Copy, serde::Serialize, serde::Deserialize)]
struct Square(u64);

impl Square {
    #[pool_task(process)]
    fn area(width: u64) -> Option<Self> {
        Some(Square(width))
    }
}

fn main() {}
