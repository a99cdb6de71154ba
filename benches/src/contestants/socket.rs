//! A stream socket to a child that sends everything back, both with buffers that they use again: what a payload
//! costs over the kernel's plainest way. No pool, so payloads are all that it does.

use std::env;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio, exit};

use crate::figure::Sample;
use crate::scenario::{Scenario, Workload};
use crate::workloads::payload;

/// Tells a child that its stdin is the socket.
const VARIABLE: &str = "EXECUTOR_BENCHES_SOCKET";

/// Sends everything back and never returns, if this process was started for that.
pub(crate) fn run_if_child() {
    if env::var_os(VARIABLE).is_none() {
        return;
    }
    let socket = io::stdin().as_fd().try_clone_to_owned().expect("stdin is open");
    let mut socket = UnixStream::from(socket);
    let mut bytes = Vec::new();
    while let Ok(()) = read(&mut socket, &mut bytes) {
        write(&mut socket, &bytes).expect("the parent reads all answers");
    }
    exit(0)
}

/// One repetition of a workload of payloads.
pub(super) fn measure(scenario: Scenario) -> Vec<Sample> {
    let Workload::Payload { len, calls, again } = scenario.workload else { return Vec::new() };
    let mut socket = Echo::start();
    let samples = payload::measure(|bytes| socket.echo(bytes), len, calls, again);
    socket.stop();
    samples
}

struct Echo {
    process: Child,
    socket: UnixStream,
}

impl Echo {
    fn start() -> Self {
        let (socket, theirs) = UnixStream::pair().expect("a pair of sockets");
        let mut command = Command::new("/proc/self/exe");
        let command = command.env(VARIABLE, "").stdin(Stdio::from(OwnedFd::from(theirs)));
        Self { process: command.spawn().expect("this program can be started"), socket }
    }

    /// The answer comes back in the same buffer.
    fn echo(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        write(&mut self.socket, &bytes).expect("the child reads all questions");
        read(&mut self.socket, &mut bytes).expect("the child answers all questions");
        bytes
    }

    fn stop(self) {
        let Self { mut process, socket } = self;
        drop(socket);
        assert!(process.wait().expect("our own child").success());
    }
}

fn write(socket: &mut UnixStream, bytes: &[u8]) -> io::Result<()> {
    socket.write_all(&bytes.len().to_ne_bytes())?;
    socket.write_all(bytes)
}

fn read(socket: &mut UnixStream, bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut length = [0; size_of::<usize>()];
    socket.read_exact(&mut length)?;
    bytes.resize(usize::from_ne_bytes(length), 0);
    socket.read_exact(bytes)
}
