//! The ring link: memory that host and guest share, made once, and nothing
//! mapped, allocated or copied by the kernel for a message.
//!
//! ```text
//!              ┌──────────── one region ────────────┐
//!   host ═════▶│ down: words ... tail ▶ .... ▶ head │═════▶ guest     tasks
//!        ◀═════│ up:   words ... head ◀ .... ◀ tail │◀═════           answers
//!              │ claims: one word for each task     │
//!              │ kept: answers that are to be sent  │
//!              └────────────────────────────────────┘
//!   woken by an eventfd, or by the end of the guest       woken by a futex in the region
//! ```
//!
//! 1. Each ring has one writer and one reader. Its indices, `tail` for the writer
//!    and `head` for the reader, count words of eight bytes and run on for ever;
//!    a word's place is its index modulo the ring's length, a power of two.
//! 2. A frame is a word that holds the length of a message, and then the message
//!    in whole words. It is written and read in pieces, as room and words are
//!    there, so a message of any size goes the same way.
//! 3. The writer writes words and then moves the tail. The reader sees the tail,
//!    reads the words, and then moves the head. The writer sees the head before
//!    it writes over what was there.
//! 4. Each side keeps its own index to itself and only tells it. The other one's
//!    may move forwards only, and not past what there is: everything else is
//!    [`LinkError::Protocol`].
//! 5. The host checks a length against its limit before it allocates anything, and then
//!    memory grows only with the bytes that arrive.
//! 6. Who wants to sleep listens to its bell, then sets its flag, which says what
//!    it sleeps for, then looks once more for all of that, and only then waits.
//! 7. An index may be moved later than the words are written or read, and the other side be told of it later still,
//!    but not later than before one sleeps. Who tells of an index looks at the other one's flag. If that sleeps
//!    for it, it takes the flag down and then rings. Between the two steps of
//!    each side there is a fence, so one of them sees what the other one has done:
//!    the sleeper the index, or the waker the flag.
//! 8. A writer that sleeps for room is woken when half of the ring is free, and
//!    not for each piece. It goes on by itself if it sees room for the rest of its
//!    frame, or for half of a ring. A reader in the middle of a frame reads on
//!    until the ring is empty, so that comes.
//! 9. A side that ends says so in the region and rings. A guest that dies rings by
//!    its death. What either has written before is still read.
//! 10. No pointer and no lock is in the region, and of what the other side writes
//!     there only indices, lengths and messages are used, each checked.

mod bell;
mod claims;
mod end;
#[cfg(all(any(test, executor_fuzz), not(shuttle)))]
mod forger;
mod frame;
mod kept;
mod link;
#[cfg(all(test, shuttle))]
mod models;
mod reader;
mod shared;
#[cfg(test)]
mod tests;
mod writer;

#[cfg(all(any(test, executor_fuzz), not(shuttle)))]
pub(crate) use forger::{Forger, Place};
pub(crate) use kept::Keeper;
pub(super) use link::{Offer, serve};

/// How large each of the two rings of a worker is. What goes through is copied while it is in the processor's cache, so
/// that larger ones are slower. It is touched, and so costs memory, only as far as it is used.
pub(crate) const RING_LEN_BYTES: u32 = 256 * 1024;

/// So much is written or read before the other side is told.
const PIECE_LEN_BYTES: u32 = 32 * 1024;

/// What the guest believes of a message's length. It has no reason to doubt its host.
const ANY_LEN_BYTES: u64 = u64::MAX;
