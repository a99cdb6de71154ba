//! A program with as many workers as a limit of descriptors lets it have, all of them busy at once.

use std::collections::BTreeSet;
use std::error::Error;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use executor_runtime::Transport;
use executor_runtime::prelude::*;
use executor_tests::children;
use executor_tests::gate::{Hold, held};
use executor_tests::tasks::square;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const WORKERS: usize = 256;

/// Says that it is there, and waits until nobody holds it any more.
#[pool_task(process)]
fn come(door: &Path, hold: &Path) -> u64 {
    let door_bell = UnixDatagram::unbound().expect("a socket");
    door_bell.send_to(b"here", door).expect("somebody at the door");
    held(hold)
}

fn main() -> Result<(), Box<dyn Error>> {
    let (transport, descriptors) = match std::env::args().nth(1).as_deref() {
        // The soft limit that most systems start a program with.
        Some("shared-memory") => (Transport::SharedMemory, 1024),
        Some("ipc-channel") => (Transport::IpcChannel, 1536),
        other => panic!("no transport {other:?}"),
    };
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: Some(descriptors), maximum })?;
    let folder = tempfile::tempdir()?;
    let before = children::descriptors();
    let hold = Hold::new(folder.path(), "hold");
    let door_path = folder.path().join("door");
    let door = UnixDatagram::bind(&door_path)?;

    let pool = ProcessPoolExecutor::builder()
        .max_workers(WORKERS)
        .transport(transport)
        .stack_size(256 * 1024)
        .start_timeout(Duration::from_secs(100))
        .build()?;
    let futures: Vec<_> = (0..WORKERS).map(|_| pool.submit(come::task(&door_path, hold.path()))).collect();
    for _ in 0..WORKERS {
        door.recv(&mut [0; 4])?;
    }
    // The door and the hold are two.
    let busy = children::descriptors() - before - 2;
    drop((hold, door));
    let pids: BTreeSet<_> = futures.into_iter().map(TaskFuture::result).collect::<Result<_, _>>()?;
    let value = pool.submit(square::task(3)).result()?;
    drop(pool);

    println!("{} workers at once, {} of them left", pids.len(), children::pids().len());
    println!("{busy} descriptors while they ran, {} of them left", children::descriptors() - before);
    println!("value {value}");
    Ok(())
}
