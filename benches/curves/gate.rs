//! Tasks that keep their workers busy until they are let go, in this process or in another one.
//!
//! Each knocks at a socket of this process, says who it is, and stays until its connection is closed.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::process;

use executor_runtime::prelude::*;

use crate::pool::Pool;

/// Workers that are all busy.
pub(crate) struct Gate {
    waiting: Vec<UnixStream>,
    tasks: Vec<TaskFuture<()>>,
    /// The processes that the workers are, or are in.
    pub(crate) pids: BTreeSet<u32>,
}

impl Gate {
    /// Returns when so many workers of the pool, which are all that it has, are busy: each has started then.
    pub(crate) fn close(pool: &Pool, workers: usize) -> Self {
        let host = process::id();
        let listener = UnixListener::bind_addr(&address(host)).expect("nobody else has this name");
        let tasks = (0..workers).map(|_| pool.submit(wait::task(host))).collect();
        let mut waiting: Vec<_> = (0..workers).map(|_| listener.accept().expect("a worker that knocks").0).collect();
        let pids = waiting.iter_mut().map(|worker| {
            let mut pid = [0; 4];
            worker.read_exact(&mut pid).expect("it says who it is");
            u32::from_ne_bytes(pid)
        });
        let pids = pids.collect();
        Self { waiting, tasks, pids }
    }

    /// Lets them all go.
    pub(crate) fn open(self) {
        drop(self.waiting);
        for task in self.tasks {
            task.result().expect("its connection was closed");
        }
    }
}

#[pool_task(process)]
fn wait(host: u32) {
    let mut gate = UnixStream::connect_addr(&address(host)).expect("the host listens");
    gate.write_all(&process::id().to_ne_bytes()).expect("the host reads");
    let end = gate.read(&mut [0]).expect("the host closes it");
    assert_eq!(end, 0, "the host says nothing");
}

fn address(host: u32) -> SocketAddr {
    SocketAddr::from_abstract_name(format!("executor-curves-{host}")).expect("a short name")
}
