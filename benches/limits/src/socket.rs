//! A stream socket to a child that sends everything back, both with buffers that they use again: what a payload
//! costs over the kernel's plainest way.

use std::env;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio, exit};

/// Tells a child that its stdin is the socket.
const VARIABLE: &str = "EXECUTOR_BENCHES_SOCKET";

/// Sends everything back and never returns, if this process was started for that.
///
/// # Panics
///
/// If the parent does not read what it is sent.
pub fn run_if_echo() {
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

/// The parent's end.
#[derive(Debug)]
pub struct Echo {
    process: Child,
    socket: UnixStream,
}

impl Echo {
    /// # Panics
    ///
    /// If this program cannot be started.
    #[must_use]
    pub fn start() -> Self {
        let (socket, theirs) = UnixStream::pair().expect("a pair of sockets");
        let mut command = Command::new("/proc/self/exe");
        let command = command.env(VARIABLE, "").stdin(Stdio::from(OwnedFd::from(theirs)));
        Self { process: command.spawn().expect("this program can be started"), socket }
    }

    /// The answer comes back in the same buffer.
    ///
    /// # Panics
    ///
    /// If the child is gone.
    pub fn echo(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        write(&mut self.socket, &bytes).expect("the child reads all questions");
        read(&mut self.socket, &mut bytes).expect("the child answers all questions");
        bytes
    }

    /// # Panics
    ///
    /// If the child does not end well.
    pub fn stop(self) {
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
