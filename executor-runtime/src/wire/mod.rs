//! What a pool and a worker process say to each other, and how it travels.
//!
//! Knows bytes and links; knows nothing of queues and of what a task is.
//!
//! ```text
//!   host (lane)                                              guest (worker)
//!      │ spawn, one end of a socket pair is the guest's stdin      │
//!      │── Hello { protocol, program, link, .. }, descriptors ─▶   │  hello.rs,
//!      │   ◀──────────────── Welcome { protocol, program, door } ──│  over the pair
//!      │                                                           │
//!      │── task: number, arguments of one call or several ─────▶   │  message.rs,
//!      │   ◀───────────── answer to each: value, or an error ──────│  over a link
//! ```
//!
//! A link carries whole messages of any size, one at a time each way. There are
//! two: `ring/` in shared memory, for Linux, and `ipc.rs`, the portable one.

mod hello;
mod ipc;
mod message;
mod ring;
mod spin;

use std::fmt;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Instant;

use serde::{Deserialize, Serialize};

pub(crate) use hello::{Hello, PROTOCOL, Welcome, receive, receive_hello, send};
pub(crate) use message::{Task, answer_with, read_answer};
pub(crate) use ring::RING_LEN_BYTES;

/// Which link, and what both of its sides have to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum LinkKind {
    /// Of two rings of this length each.
    Ring {
        ring_len_bytes: u32,
    },
    IpcChannel,
}

/// The host's half of a link whose guest has not answered yet.
pub(crate) struct Offer(OfferKind);

enum OfferKind {
    Ring(ring::Offer),
    IpcChannel,
}

impl Offer {
    pub(crate) fn new(kind: LinkKind) -> io::Result<Self> {
        Ok(Self(match kind {
            LinkKind::Ring { ring_len_bytes } => OfferKind::Ring(ring::Offer::new(ring_len_bytes)?),
            LinkKind::IpcChannel => OfferKind::IpcChannel,
        }))
    }

    /// What goes to the guest with the `Hello`.
    pub(crate) fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        match &self.0 {
            OfferKind::Ring(offer) => offer.descriptors().into(),
            OfferKind::IpcChannel => Vec::new(),
        }
    }

    /// The host's side of the link. `guest` can be read when the guest has ended, and is open as long as the link is.
    pub(crate) fn connect(self, door: Option<String>, guest: BorrowedFd<'_>) -> Result<Box<dyn HostLink>, String> {
        match self.0 {
            OfferKind::Ring(offer) => Ok(Box::new(offer.connect(guest).map_err(|error| error.to_string())?)),
            OfferKind::IpcChannel => Ok(Box::new(ipc::connect(door.ok_or("the guest has told no door")?)?)),
        }
    }
}

/// The guest's side of a link. `tell` tells the host where to find it, if it needs to be found, or why there is none.
pub(crate) fn serve(
    kind: LinkKind,
    descriptors: Vec<OwnedFd>,
    tell: impl FnOnce(Result<Option<String>, String>) -> io::Result<()>,
) -> Result<Box<dyn GuestLink>, LinkError> {
    match kind {
        LinkKind::Ring { ring_len_bytes } => {
            let link = ring::serve(ring_len_bytes, descriptors);
            tell(link.as_ref().map(|_| None).map_err(String::clone)).map_err(|_| LinkError::Closed)?;
            Ok(Box::new(link.map_err(|_| LinkError::Closed)?))
        }
        LinkKind::IpcChannel => ipc::serve(|door| tell(door.map(Some))),
    }
}

/// How long a side waits.
pub(crate) struct Patience<'a> {
    pub(crate) deadline: Option<Instant>,
    /// Whether the other side has ended.
    pub(crate) gone: &'a dyn Fn() -> bool,
}

impl Patience<'_> {
    fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= Instant::now())
    }
}

/// The host's side of a link.
///
/// Both end with [`LinkError::TimedOut`] at the deadline, and with [`LinkError::Closed`] after the guest has ended:
/// a child of the guest may hold its end of the link open.
pub(crate) trait HostLink: Send {
    /// Sends one message, given in parts. The portable link does not watch the deadline here.
    fn send(&mut self, parts: [&[u8]; 2], patience: &Patience<'_>) -> Result<(), LinkError>;

    /// Receives one message into `message`.
    fn receive(&mut self, message: &mut Vec<u8>, patience: &Patience<'_>) -> Result<(), LinkError>;
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
