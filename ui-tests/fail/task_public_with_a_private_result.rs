mod shapes {
    use executor_runtime::pool_task;

    #[derive(serde::Serialize, serde::Deserialize)]
    struct Square(u64);

    #[pool_task(process)]
    pub fn square(n: u64) -> Square {
        Square(n)
    }
}

fn main() {}
