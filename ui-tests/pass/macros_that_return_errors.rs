// Macros called `bail` and `ensure` that are neither anyhow's nor eyre's, but return errors as these do.
#![deny(warnings)]

use std::error::Error;

use executor_runtime::prelude::*;

macro_rules! bail {
    ($message:literal) => {
        return Err($message.into())
    };
    (as is $error:expr) => {
        return Err($error)?
    };
    ($error:expr) => {
        return Err(Box::new($error))
    };
}

macro_rules! ensure {
    ($condition:expr, $error:expr) => {
        if !$condition {
            return Err::<_, TaskError>($error).map_err(Into::into);
        }
    };
    ($condition:expr) => {
        match $condition {
            true => {}
            false => bail!("it is not so"),
        }
    };
}

fn check(n: u64) -> Result<u64, Box<dyn Error>> {
    let n = with_pool!(thread(max_workers = 1) as pool => {
        ensure!(n != 1);
        ensure!(n != 2, TaskError::Cancelled);
        ensure!(pool.submit(move || n).result()? != 3, TaskError::PoolShutDown);
        match n {
            4 => bail!("four"),
            5 => bail!(TaskError::Cancelled),
            6 => bail!(as is "six"),
            7 => bail!(pool.submit(|| WaitTimeoutLike).result()?),
            _ => n,
        }
    })?;
    Ok(n)
}

#[derive(Debug)]
struct WaitTimeoutLike;

impl std::fmt::Display for WaitTimeoutLike {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("seven")
    }
}

impl Error for WaitTimeoutLike {}

fn main() {
    let said: Vec<_> = (0..9).map(|n| check(n).map_err(|error| error.to_string())).collect();
    let cancelled = TaskError::Cancelled.to_string();
    let expected = [
        Ok(0),
        Err("it is not so".to_owned()),
        Err(cancelled.clone()),
        Err(TaskError::PoolShutDown.to_string()),
        Err("four".to_owned()),
        Err(cancelled),
        Err("six".to_owned()),
        Err("seven".to_owned()),
        Ok(8),
    ];
    assert_eq!(said, expected);
}
