use executor_runtime::prelude::*;

macro_rules! give_up {
    ($message:expr) => {
        return Err($message.into())
    };
}

fn total(n: u64) -> Result<u64, Box<dyn std::error::Error>> {
    let total = with_pool!(thread() as pool => {
        if n == 0 {
            give_up!("nothing to do");
        }
        pool.submit(move || n).result()?
    })?;
    Ok(total)
}

fn main() {}
