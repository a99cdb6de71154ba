// Keywords and other alphabets as names, wherever a user can write a name.
#![deny(warnings)]

use executor_runtime::prelude::*;

mod r#mod {
    #[executor_runtime::pool_task(process)]
    pub(crate) fn r#match(r#type: &str, r#fn: u64, r#async: u64) -> u64 {
        r#type.len() as u64 + r#fn + r#async
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Struct {
    r#in: u64,
}

#[pool_task(thread)]
fn r#loop(Struct { r#in }: Struct) -> Result<u64, u64> {
    Ok(r#in)
}

#[pool_task(process)]
fn r#try(n: u64) -> u64 {
    n
}

#[pool_task(process)]
fn größe(länge: u64, 幅: &[u8]) -> u64 {
    länge + 幅.len() as u64
}

fn blocks(r#if: &ThreadPoolExecutor) -> Result<u64, Box<dyn std::error::Error>> {
    let total = 'r#while: loop {
        let first = with_pool!(r#if as r#else => {
            let r#for = r#else.submit(r#mod::r#match::task("ab", 1, 2)).result()?;
            if r#for > 9 {
                break 'r#while 0;
            }
            r#for
        })?;
        break first;
    };
    Ok(total)
}

fn main() {
    let pool = ThreadPoolExecutor::new(1).unwrap();
    assert_eq!(blocks(&pool).unwrap(), 5);
    assert_eq!(pool.submit(r#loop::task(Struct { r#in: 3 })).result().unwrap(), Ok(3));
    assert_eq!(pool.submit(r#try::task(4)).result().unwrap(), 4);
    let größe = with_pool!(process(max_workers = 1) as プール => {
        プール.submit(größe::task(3, &[1, 2])).result().unwrap()
    });
    assert_eq!(größe.unwrap(), 5);
    // Errors call it by what it means, without the mark.
    let name = <r#try as executor_runtime::Task>::NAME;
    assert!(name.ends_with("::try"), "{name}");
}
