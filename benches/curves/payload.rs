//! Bytes that go to a worker and come back.

use std::time::Instant;

use clap::ValueEnum;
use executor_bench_limits::Echo;
use executor_runtime::prelude::*;

use crate::median;

/// How they go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Way {
    /// To a worker of a pool of processes.
    Pool,
    /// Over a stream socket to a bare process with buffers that it uses again: the limit.
    Socket,
}

#[pool_task(process)]
fn echo(bytes: Vec<u8>) -> Vec<u8> {
    bytes
}

/// The median of so many calls, each with a vector of its own.
pub(crate) fn seconds(way: Way, len: usize, calls: u32) -> f64 {
    match way {
        Way::Pool => {
            let pool = ProcessPoolExecutor::new(1).expect("a pool of processes");
            let call = |bytes| pool.submit(echo::task(bytes)).result().expect("the task cannot fail");
            let measured = measure(call, len, calls);
            pool.shutdown(Shutdown::Drain);
            measured
        }
        Way::Socket => {
            let mut socket = Echo::start();
            let measured = measure(|bytes| socket.echo(bytes), len, calls);
            socket.stop();
            measured
        }
    }
}

fn measure(mut echo: impl FnMut(Vec<u8>) -> Vec<u8>, len: usize, calls: u32) -> f64 {
    #[expect(clippy::cast_possible_truncation, reason = "any bytes do")]
    let original: Vec<u8> = (0..len).map(|at| (at ^ (at >> 8)) as u8).collect();
    let mut timed = || {
        let sent = original.clone();
        let started = Instant::now();
        let received = echo(sent);
        let seconds = started.elapsed().as_secs_f64();
        assert!(received == original, "what comes back is what was sent");
        seconds
    };
    for _ in 0..calls.div_ceil(10) {
        timed();
    }
    median((0..calls).map(|_| timed()).collect())
}
