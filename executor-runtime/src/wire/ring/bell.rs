//! What the two sides ring.
//!
//! The guest sleeps at a futex in the region, which is the fastest there is. It
//! need not watch its host meanwhile: another thread does that. The host sleeps at
//! [`wire::Bell`](crate::wire::Bell), of which the guest has one end.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use rustix::io::Errno;
use rustix::thread::{Timespec, futex};

use super::end::Bell;
use super::shared::Rings;
use crate::sys::start::{FAILED, exit_now};
use crate::wire;

/// The host's end of both bells.
#[derive(Debug)]
pub(super) struct HostBell {
    ours: Arc<wire::Bell>,
    rings: Arc<Rings>,
}

impl HostBell {
    pub(super) fn new(ours: Arc<wire::Bell>, rings: Arc<Rings>) -> Self {
        Self { ours, rings }
    }
}

impl Bell for HostBell {
    /// The epoll keeps each ring until it is waited for.
    fn listen(&self) -> u32 {
        0
    }

    fn wait(&mut self, _heard: u32, deadline: Option<Instant>) {
        self.ours.wait(deadline);
    }

    fn ring(&self) {
        let bell = self.rings.bell();
        // Release: the flag that was taken down is down for whoever hears this.
        bell.fetch_add(1, Ordering::Release);
        // It fails only for an address that is none.
        let _ = futex::wake(bell, futex::Flags::empty(), 1);
    }
}

/// The guest's end of both bells.
#[derive(Debug)]
pub(super) struct GuestBell {
    theirs: OwnedFd,
    rings: Arc<Rings>,
}

impl GuestBell {
    pub(super) fn new(theirs: OwnedFd, rings: Arc<Rings>) -> Self {
        Self { theirs, rings }
    }
}

impl Bell for GuestBell {
    fn listen(&self) -> u32 {
        // Acquire, with the release of `ring`: the flag that we set next is not taken down by a ring that we heard.
        self.rings.bell().load(Ordering::Acquire)
    }

    fn wait(&mut self, heard: u32, deadline: Option<Instant>) {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        // A limit past the end of the clock is no limit.
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        // Shared between processes, so not the private kind. Returns at once if the bell was rung since; whatever
        // else woke it, the caller looks for itself.
        let _ = futex::wait(self.rings.bell(), futex::Flags::empty(), heard, left.as_ref());
    }

    fn ring(&self) {
        match rustix::io::write(self.theirs.as_fd(), &1_u64.to_ne_bytes()) {
            // Again: nobody has ever waited after 2^64 rings.
            Ok(_) | Err(Errno::AGAIN | Errno::INTR) => {}
            // The task has closed what was not its own. The host hears nothing any more but the end of this process; it
            // reads what is written by then.
            Err(_) => exit_now(FAILED),
        }
    }
}
