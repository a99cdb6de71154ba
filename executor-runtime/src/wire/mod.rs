//! What a pool and a worker process say to each other, and how it travels.
//!
//! Knows bytes and links; knows nothing of queues and of what a task is.
//!
//! ```text
//!   host (lane)                                              guest (worker)
//!      │ spawn, one end of a socket pair is the guest's stdin      │
//!      │── Hello { protocol, program, depth } ─────────────────▶   │  hello.rs,
//!      │   ◀──────────────── Welcome { protocol, program, door } ──│  over the pair
//!      │── channels, through the door ─────────────────────────▶   │
//!      │                                                           │
//!      │── task: number, arguments of one call or several ─────▶   │  message.rs,
//!      │   ◀───────────── answer to each: value, or an error ──────│  over a link
//! ```
//!
//! A link carries whole messages of any size, one at a time each way.
//! `ipc.rs` is the portable one; a faster one can take its place.

mod hello;
mod ipc;
mod message;
mod spin;

use std::fmt;
use std::time::Instant;

pub(crate) use hello::{Hello, PROTOCOL, Welcome, receive, send};
pub(crate) use ipc::{connect, serve};
pub(crate) use message::{Task, answer_with, read_answer};

/// The host's side of a link.
pub(crate) trait HostLink: Send {
    /// Sends one message, given in parts.
    fn send(&mut self, parts: [&[u8]; 2]) -> Result<(), LinkError>;

    /// Receives one message into `message`.
    ///
    /// Ends with [`LinkError::TimedOut`] at `deadline`, and with [`LinkError::Closed`] soon after `gone` says
    /// that the guest has ended: a child of the guest may hold its end of the link open.
    fn receive(
        &mut self,
        message: &mut Vec<u8>,
        deadline: Option<Instant>,
        gone: &dyn Fn() -> bool,
    ) -> Result<(), LinkError>;
}

/// The guest's side of a link.
pub(crate) trait GuestLink: Send {
    /// Waits for one message.
    fn receive(&mut self, message: &mut Vec<u8>) -> Result<(), LinkError>;

    /// Sends one message.
    fn send(&mut self, message: &[u8]) -> Result<(), LinkError>;
}

/// Gives the room of a large message back instead of keeping it for the next one.
pub(crate) fn give_back(message: &mut Vec<u8>) {
    /// What most messages fit in, and nobody misses.
    const KEPT_LEN_BYTES: usize = 1 << 20;

    if message.capacity() > KEPT_LEN_BYTES {
        *message = Vec::new();
    }
}

/// Why a message did not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkError {
    /// The other side is gone.
    Closed,
    /// The deadline came first.
    TimedOut,
    /// The other side does not keep to the protocol.
    Protocol,
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the other side is gone",
            Self::TimedOut => "the other side did not answer in time",
            Self::Protocol => "the other side broke the protocol",
        })
    }
}
