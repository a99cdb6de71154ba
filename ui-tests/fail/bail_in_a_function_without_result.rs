use executor_runtime::prelude::*;

// As anyhow's and eyre's.
macro_rules! bail {
    ($message:literal) => {
        return Err(Box::<dyn std::error::Error>::from($message))
    };
}

fn total(n: u64) -> Option<u64> {
    let total = with_pool!(thread() as pool => {
        if n == 0 {
            bail!("nothing to do");
        }
        pool.submit(move || n).result().ok()?
    });
    total.ok()
}

fn main() {}
