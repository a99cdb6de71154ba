//! A child process that says one byte when it is there, and then does what it is told until its stdin ends.
//!
//! Its start and its end are what any process of this program costs. What it does takes one message for all of it,
//! so it is also what work costs that nobody hands out piece by piece.

use std::env;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio, exit};

/// Tells a child that it is one. Its stdin is a socket.
const VARIABLE: &str = "EXECUTOR_BENCHES_SPAWNED";

/// One child, by one `posix_spawn`, and the parent's end of its socket.
#[derive(Debug)]
pub struct Spawned {
    process: Child,
    socket: UnixStream,
}

impl Spawned {
    /// # Panics
    ///
    /// If this program cannot be started once more.
    pub fn start() -> Self {
        let (socket, theirs) = UnixStream::pair().expect("a pair of sockets");
        let mut command = Command::new("/proc/self/exe");
        let command = command.env(VARIABLE, "").stdin(Stdio::from(OwnedFd::from(theirs)));
        Self { process: command.spawn().expect("this program can be started"), socket }
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Waits until the child is there, or has done what it was told last.
    ///
    /// # Panics
    ///
    /// If the child has died.
    pub fn heard(&mut self) {
        self.socket.read_exact(&mut [0]).expect("the child says one byte");
    }

    /// Has it do `parts`, one after the other.
    ///
    /// # Panics
    ///
    /// If the child has died.
    pub fn tell(&mut self, parts: &[u64]) {
        let words = [parts.len() as u64].into_iter().chain(parts.iter().copied());
        let message: Vec<u8> = words.flat_map(u64::to_ne_bytes).collect();
        self.socket.write_all(&message).expect("the child reads what it is told");
    }

    /// Lets it end; [`reap`](Self::reap) waits for that.
    ///
    /// # Panics
    ///
    /// If the socket cannot be closed.
    pub fn close(&self) {
        self.socket.shutdown(std::net::Shutdown::Write).expect("the socket is open");
    }

    /// # Panics
    ///
    /// If the child did not end well.
    pub fn reap(mut self) {
        assert!(self.process.wait().expect("our own child").success());
    }
}

/// Does each part by `part` and never returns, if this process was started for that.
///
/// # Panics
///
/// In a child, if its stdin is no socket.
pub fn run_if_spawned(part: impl Fn(u64)) {
    if env::var_os(VARIABLE).is_none() {
        return;
    }
    let socket = io::stdin().as_fd().try_clone_to_owned().expect("stdin is open");
    let socket = UnixStream::from(socket);
    let say = || (&socket).write_all(&[1]).expect("the parent listens");
    say();
    while let Some(parts) = read_word(&socket) {
        for _ in 0..parts {
            part(read_word(&socket).expect("as many as were announced"));
        }
        say();
    }
    exit(0)
}

/// `None` at the end.
fn read_word(mut socket: &UnixStream) -> Option<u64> {
    let mut bytes = [0; 8];
    socket.read_exact(&mut bytes).ok()?;
    Some(u64::from_ne_bytes(bytes))
}
