// Each type that has a `?`, in functions of each type that takes its rest.
#![deny(warnings)]

use std::ops::ControlFlow;
use std::task::Poll;

use executor_runtime::prelude::*;

fn result(pool: &ThreadPoolExecutor, text: &str) -> Result<u8, std::num::ParseIntError> {
    let number = with_pool!(pool as _pool => { text.parse::<u8>()? + 1 });
    Ok(number.unwrap_or(0))
}

fn option(pool: &ThreadPoolExecutor, text: &str) -> Option<char> {
    with_pool!(pool as _pool => { text.chars().next()? }).ok()
}

fn flow(pool: &ThreadPoolExecutor, flow: ControlFlow<u8, u64>) -> ControlFlow<u8, String> {
    let text = with_pool!(pool as _pool => { flow?.to_string() });
    ControlFlow::Continue(text.unwrap_or_default())
}

fn poll(pool: &ThreadPoolExecutor, poll: Poll<Result<u8, &'static str>>) -> Poll<Result<u8, String>> {
    let poll = with_pool!(pool as _pool => { poll?.map(|n| n + 1) });
    poll.unwrap_or(Poll::Pending).map(Ok)
}

fn next(pool: &ThreadPoolExecutor, poll: Poll<Option<Result<u8, &'static str>>>) -> Poll<Option<Result<u8, String>>> {
    let poll = with_pool!(pool as _pool => { poll?.map(|n| n.map(|n| n + 1)) });
    poll.unwrap_or(Poll::Pending).map(|n| n.map(Ok))
}

fn mixed(pool: &ThreadPoolExecutor, polled: Poll<Result<u8, &'static str>>) -> Result<Poll<u8>, String> {
    let poll = with_pool!(pool as _pool => { polled? });
    Ok(poll.unwrap_or(Poll::Pending))
}

fn main() {
    let pool = ThreadPoolExecutor::new(1).unwrap();
    assert_eq!((result(&pool, "3"), result(&pool, "x").is_err()), (Ok(4), true));
    assert_eq!((option(&pool, "abc"), option(&pool, "")), (Some('a'), None));
    assert_eq!(flow(&pool, ControlFlow::Continue(5)), ControlFlow::Continue("5".to_owned()));
    assert_eq!(flow(&pool, ControlFlow::Break(6)), ControlFlow::Break(6));
    let left = Poll::Ready(Err("left".to_owned()));
    assert_eq!([poll(&pool, Poll::Ready(Ok(1))), poll(&pool, Poll::Pending)], [Poll::Ready(Ok(2)), Poll::Pending]);
    assert_eq!(poll(&pool, Poll::Ready(Err("left"))), left);
    assert_eq!(next(&pool, Poll::Ready(Some(Ok(1)))), Poll::Ready(Some(Ok(2))));
    assert_eq!([next(&pool, Poll::Ready(None)), next(&pool, Poll::Pending)], [Poll::Ready(None), Poll::Pending]);
    assert_eq!(next(&pool, Poll::Ready(Some(Err("left")))), Poll::Ready(Some(Err("left".to_owned()))));
    assert_eq!(mixed(&pool, Poll::Ready(Err("left"))), Err("left".to_owned()));
    assert_eq!(mixed(&pool, Poll::Pending), Ok(Poll::Pending));
}
