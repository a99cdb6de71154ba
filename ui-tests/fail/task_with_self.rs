use executor_runtime::prelude::*;

#[derive(Clone, Copy, serde::Serialize, serde::Deserialize)]
struct Square(u64);

impl Square {
    #[pool_task(process)]
    fn area(self) -> u64 {
        self.0
    }
}

fn main() {}
