// The contract's own example.
use executor_runtime::prelude::*;

#[pool_task(process)]
fn square(n: u64) -> u64 {
    n * n
}

#[pool_task(process)]
fn count(text: &str, word: &str) -> usize {
    text.matches(word).count()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let squares: Vec<u64> = with_pool!(process(max_workers = 2) as pool => {
        pool.map(square::task, 0..10).collect::<Result<_, _>>()?
    })?;
    assert_eq!(squares, (0..10).map(square).collect::<Vec<_>>());

    let text = String::from("pools of pools");
    let pool = ProcessPoolExecutor::builder().max_workers(1).build()?;
    let hits = pool.submit(count::task(&text, "pool").timeout(Duration::from_secs(30)));
    assert_eq!(hits.result()?, count(&text, "pool"));
    Ok(())
}
