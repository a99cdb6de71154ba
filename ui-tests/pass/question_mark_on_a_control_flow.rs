// `?` of everything that has one outside.
use std::ops::ControlFlow;
use std::task::Poll;

use executor_runtime::prelude::*;

fn flow(flow: ControlFlow<u64, u64>) -> ControlFlow<u64, u64> {
    let n = with_pool!(thread() as _pool => { flow? });
    ControlFlow::Continue(n.unwrap())
}

fn poll(poll: Poll<Result<u64, String>>) -> Result<Poll<u64>, String> {
    let n = with_pool!(thread() as _pool => { poll? });
    Ok(n.unwrap())
}

fn main() {
    assert_eq!(flow(ControlFlow::Break(1)), ControlFlow::Break(1));
    assert_eq!(poll(Poll::Ready(Ok(1))), Ok(Poll::Ready(1)));
}
