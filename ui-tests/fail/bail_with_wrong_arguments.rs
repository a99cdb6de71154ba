use executor_runtime::prelude::*;

// As anyhow's and eyre's.
macro_rules! bail {
    ($message:literal) => {
        return Err($message.into())
    };
}

fn total(n: u64) -> Result<u64, Box<dyn std::error::Error>> {
    let total = with_pool!(thread() as _pool => {
        match n {
            0 => bail!("nothing" "to do"),
            n => n,
        }
    })?;
    Ok(total)
}

fn main() {}
