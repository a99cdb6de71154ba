// `crate = path` reaches everything: what is called `executor_runtime` here is another crate.
#![deny(warnings)]

pub extern crate executor_runtime as pools;
extern crate std as executor_runtime;

mod reexported {
    pub use pools;
}

#[pools::pool_task(process, crate = crate::reexported::pools)]
fn count(text: &str, bytes: &[u8], n: usize) -> usize {
    text.len() + bytes.len() + n
}

#[pools::pool_task(thread, crate = pools)]
fn shout(text: String) -> String {
    text.to_uppercase()
}

#[pools::main(crate = pools)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let total = pools::with_pool!(process(max_workers = 1, crate = crate::reexported::pools) as pool => {
        if pool.submit(count::task("", b"", 0)).result()? > 0 {
            return Ok(());
        }
        pool.submit(count::task("four", b"four", 1)).result()?
    })?;
    let text = pools::with_pool!(thread(crate = pools) as pool => { pool.submit(shout::task("a".into())).result()? })?;
    assert_eq!((total, text.as_str()), (9, "A"));
    Ok(())
}
