// Types of the user that are called as those of std are: the expansions mean std's.
#![deny(warnings)]
#![allow(dead_code, non_camel_case_types)]

use executor_runtime::prelude::*;

struct Result<T>(T);
struct Option;
struct Vec;
struct String;
struct Box;
struct Ok;
struct Err;
struct Some;
struct None;
enum ControlFlow {}
struct PhantomData;
struct Duration;
struct Call;
struct TaskError;
struct PoolError;
struct Exit;
struct Encoder;
struct Decoder;
struct ThreadPoolExecutor;
struct ProcessPoolExecutor;
struct usize;
struct bool;
struct char;
union i32 {
    n: u8,
}

#[pool_task(process)]
fn sum(text: &str, bytes: &[u8], n: u64, rest: ::std::vec::Vec<u64>) -> u64 {
    n + text.len() as u64 + bytes.len() as u64 + rest.iter().sum::<u64>()
}

#[pool_task(thread)]
fn shout(text: ::std::string::String) -> ::core::result::Result<::std::string::String, ()> {
    ::core::result::Result::Ok(text.to_uppercase())
}

#[pool_task(thread)]
fn of_the_user(result: Result<u8>, option: Option) -> Vec {
    let (Result(_), Option) = (result, option);
    Vec
}

fn total() -> ::core::result::Result<u64, ::std::boxed::Box<dyn ::std::error::Error>> {
    let threads = with_pool!(thread(max_workers = 1) as pool => {
        let Vec = pool.submit(of_the_user::task(Result(1), Option)).result()?;
        let text = pool.submit(shout::task("a".into())).result()?;
        if text.is_err() {
            return ::core::result::Result::Ok(0);
        }
        pool.submit(sum::task("ab", b"c", 3, ::std::vec![4])).result()?
    })?;
    let processes = with_pool!(process(max_workers = 1) as pool => {
        pool.submit(sum::task("ab", b"c", 3, ::std::vec![4])).result()?
    })?;
    ::core::result::Result::Ok(threads + processes)
}

fn main() {
    assert_eq!(total().unwrap(), 20);
}
