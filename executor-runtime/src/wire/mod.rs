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
//! The host sleeps at a bell, `bell.rs`, whichever it is.

mod bell;
mod hello;
mod ipc;
mod message;
mod ring;

use std::fmt;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

pub(crate) use bell::Bell;
pub(crate) use hello::{Hello, PROTOCOL, Welcome, receive, receive_hello, send};
pub(crate) use ipc::Door;
pub(crate) use message::{
    Answer, AnswerHead, MOST_BESIDE_VALUE_BYTES, Task, TaskKind, VALUES_HEAD_LEN_BYTES, answer_with, aside_tail,
    cut_aside_tail, leave_out_sent, read_answer, say_took, values_head,
};
#[cfg(all(any(test, executor_fuzz), not(shuttle)))]
pub(crate) use ring::{Forger, Place};
pub(crate) use ring::{Keeper, RING_LEN_BYTES};

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
    IpcChannel(Arc<Bell>),
}

impl Offer {
    /// `guest` can be read when the guest has ended, and is open as long as the link is.
    pub(crate) fn new(kind: LinkKind, guest: BorrowedFd<'_>) -> io::Result<Self> {
        Ok(Self(match kind {
            LinkKind::Ring { ring_len_bytes } => OfferKind::Ring(ring::Offer::new(ring_len_bytes, guest)?),
            LinkKind::IpcChannel => {
                let bell = Arc::new(Bell::new(None, guest)?);
                ipc::try_to_connect()?;
                OfferKind::IpcChannel(bell)
            }
        }))
    }

    /// What goes to the guest with the `Hello`.
    pub(crate) fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        match &self.0 {
            OfferKind::Ring(offer) => offer.descriptors(),
            OfferKind::IpcChannel(_) => Vec::new(),
        }
    }

    /// They were sent, so none of them is kept here: many workers may start at once.
    pub(crate) fn let_go(&mut self) {
        if let OfferKind::Ring(offer) = &mut self.0 {
            offer.let_go();
        }
    }

    /// The guest's door, where it has said. Over a link that has none, whatever it says is nothing.
    pub(crate) fn door(&self, address: Option<String>) -> Option<Door> {
        match &self.0 {
            OfferKind::Ring(_) => None,
            OfferKind::IpcChannel(_) => address.map(Door::new),
        }
    }

    /// The host's side of the link, and where it sleeps. A guest that keeps to the protocol sends no message that is
    /// longer than `max_len_bytes`.
    pub(crate) fn connect(self, door: Option<Door>, max_len_bytes: u64) -> io::Result<(Box<dyn HostLink>, Arc<Bell>)> {
        match self.0 {
            OfferKind::Ring(offer) => {
                let (link, bell) = offer.connect(max_len_bytes);
                Ok((Box::new(link), bell))
            }
            OfferKind::IpcChannel(bell) => {
                let door = door.ok_or_else(|| io::Error::other("the guest has told no door"))?;
                let link = ipc::connect(&door, Arc::clone(&bell))?;
                Ok((Box::new(link), bell))
            }
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

/// The host's side of a link. Nothing here waits: who wants to, arms it and sleeps at its [`Bell`].
pub(crate) trait HostLink: Send {
    /// How many tasks the guest may have that it has not answered.
    fn window(&self) -> usize;

    /// Who has a task that was sent.
    fn claims(&self) -> Arc<dyn Claims>;

    /// Writes what there is room for of a message, given in parts; whether that was the rest of it. `written` is how
    /// far it is, in units of the link's own, from zero. It may be that the guest wakes only at the next `flush` or
    /// `arm`.
    fn push(&mut self, message: [&[u8]; 2], written: &mut usize) -> Result<bool, LinkError>;

    /// Whether there is room now for a task whose arguments have this length, all of it.
    fn fits(&mut self, arguments_len_bytes: usize) -> Result<bool, LinkError>;

    /// Wakes the guest if it sleeps for what was pushed.
    fn flush(&mut self);

    /// Reads what there is of a message, a piece at most. Until it is complete, `message` is the link's.
    fn pull(&mut self, message: &mut Vec<u8>) -> Result<Read, LinkError>;

    /// Whether there is something to pull or, if `room` is asked for, room to push.
    fn look(&mut self, room: bool) -> Result<bool, LinkError>;

    /// From now on the bell is rung when [`look`](Self::look) has something to see. False if it has already, and then
    /// nothing is set.
    fn arm(&mut self, room: bool) -> Result<bool, LinkError>;

    /// The bell need not be rung any more.
    fn disarm(&mut self);

    /// From now on nothing comes and nothing goes but what is there already: the guest has ended, and whoever else has got
    /// its end is none.
    fn seal(&mut self) {}

    /// Waits for what a guest that has ended has sent and is still on its way. Whether there was something, for the next
    /// pull.
    fn await_rest(&mut self) -> bool {
        false
    }

    /// How far the guest says it is with a chunk, where it keeps answers.
    fn progress(&self) -> Progress {
        Progress::default()
    }

    /// What a guest that has ended has kept; the message is empty if that is nothing.
    fn take_kept(&mut self, message: &mut Vec<u8>) {
        message.clear();
    }

    /// Tells the guest that no task will follow. After its end the link can be dropped.
    fn hang_up(&mut self);
}

/// What a look at a link has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    Nothing,
    Some,
    /// The message is complete.
    All,
}

/// Who has the tasks that were sent, each by its number.
pub(crate) trait Claims: Send + Sync {
    /// The guest may start a task that is about to be sent.
    fn offer(&self, number: u32);

    /// Takes a task back that the guest has not started. What it was before.
    fn take_back(&self, number: u32) -> Claim;

    fn look(&self, number: u32) -> Claim;
}

/// What a task that was sent is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    Offered,
    TakenBack,
    Started,
}

/// The guest's side of a link. It is [`Closed`](LinkError::Closed) when the host has hung up; with any other error the host has
/// died, or the link is of no use any more.
pub(crate) trait GuestLink: Send {
    /// Waits for one message.
    fn receive(&mut self, message: &mut Vec<u8>) -> Result<(), LinkError>;

    /// Waits until there is something of the next message, and receives nothing; whether there is before `deadline`.
    fn wait(&mut self, deadline: Instant) -> Result<bool, LinkError>;

    /// Whether a task that was received is the guest's: the host may have taken it back.
    fn start(&mut self, number: u32) -> bool;

    /// Sends one message, given in parts.
    fn send(&mut self, message: [&[u8]; 2]) -> Result<(), LinkError>;

    /// Sends one message that the host need not look at before the next one.
    fn send_quietly(&mut self, message: &[u8]) -> Result<(), LinkError> {
        self.send([message, &[]])
    }

    /// Where a message that is still being written is kept, so that the host finds it should the guest die. If there is
    /// no such place, it has to be sent.
    fn keeper(&self) -> Option<Keeper> {
        None
    }
}

/// How far a guest is with a chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// The last bits of the task's number: so many tasks are never under way at once.
    pub(super) number: u16,
    /// How many of the calls that it was sent have ended.
    pub(crate) calls: u32,
}

impl Progress {
    pub(crate) fn new(number: u32, calls: u32) -> Self {
        let [low, high, ..] = number.to_le_bytes();
        Self { number: u16::from_le_bytes([low, high]), calls }
    }

    /// Whether it is that of this task.
    pub(crate) fn is_of(self, number: u32) -> bool {
        self == Self::new(number, self.calls)
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
