// Constants and statics of the user's with the names that an expansion could give to its locals.
#![deny(warnings)]
#![allow(non_upper_case_globals, dead_code)]

use executor_runtime::prelude::*;

const value: u64 = 1;
static error: u64 = 2;
const slot0: u64 = 3;
const out: u64 = 4;
const arg0: u64 = 5;
const pool: u64 = 6;
const end: u64 = 7;
const exit: u64 = 8;
const residual: u64 = 9;
const args: u64 = 10;
const owned: u64 = 11;
const input: u64 = 12;
const output: u64 = 13;
const passing: u64 = 14;

#[pool_task(process)]
fn sum(text: &str, n: u64) -> u64 {
    n + text.len() as u64
}

#[pool_task(process, instances(u64))]
fn same<T: Clone>((first, _): (T, T)) -> T {
    first
}

fn total(threads: &ThreadPoolExecutor, text: Option<&str>) -> Result<u64, Box<dyn std::error::Error>> {
    for _ in 0..2 {
        let total = with_pool!(threads as scope => {
            let Some(text) = text else { break };
            if text.is_empty() {
                return Ok(0);
            }
            scope.submit(sum::task(text, value)).result()? + scope.submit(same::task((out, arg0))).result()?
        })?;
        return Ok(total);
    }
    Ok(with_pool!(thread(max_workers = 1) as _scope => { dbg!("7".parse::<u64>()?) })?)
}

fn main() {
    let threads = ThreadPoolExecutor::new(1).unwrap();
    let totals = [Some("ab"), Some(""), None].map(|text| total(&threads, text).unwrap());
    assert_eq!(totals, [7, 0, 7]);
}
