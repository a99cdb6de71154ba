mod shapes {
    use executor_runtime::pool_task;

    #[derive(serde::Serialize, serde::Deserialize)]
    struct Square(u64);

    #[pool_task(process)]
    pub fn area(square: Square) -> u64 {
        square.0
    }
}

fn main() {}
