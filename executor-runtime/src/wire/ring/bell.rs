//! Where the two sides sleep.
//!
//! The guest sleeps at a futex in the region, which is the fastest there is. It
//! need not watch its host meanwhile: it dies with it.
//!
//! The host must notice the end of its guest at once, and a futex knows nothing
//! of processes. So it sleeps at an epoll that watches the guest's pidfd and an
//! eventfd which the guest holds, too. Of the eventfd only the edges are watched:
//! each ring is one, and one that comes early is kept. So its number, which the
//! guest could spoil, is never read, and a read that the guest turned into
//! a blocking one cannot hold the host. `docs/decisions/009` has the figures.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, Timespec, epoll, eventfd};
use rustix::thread::futex;

use super::end::Bell;
use super::shared::Rings;

/// The host's end of both bells.
#[derive(Debug)]
pub(super) struct HostBell {
    epoll: OwnedFd,
    /// In the epoll, which would forget it if it were closed.
    _ours: OwnedFd,
    rings: Arc<Rings>,
}

/// The host's bell: rung by the guest.
pub(super) fn host_bell() -> io::Result<OwnedFd> {
    Ok(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?)
}

impl HostBell {
    /// `guest` can be read when the guest has ended.
    pub(super) fn new(ours: OwnedFd, guest: BorrowedFd<'_>, rings: Arc<Rings>) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let any = epoll::EventData::new_u64(0);
        epoll::add(&epoll, &ours, any, epoll::EventFlags::IN | epoll::EventFlags::ET)?;
        epoll::add(&epoll, guest, any, epoll::EventFlags::IN)?;
        Ok(Self { epoll, _ours: ours, rings })
    }
}

impl Bell for HostBell {
    /// The epoll keeps each ring until it is waited for.
    fn listen(&self) -> u32 {
        0
    }

    fn wait(&mut self, _heard: u32, deadline: Option<Instant>) {
        /// A longer time would need a newer system call. Waking once an hour costs nothing.
        const LONGEST: Duration = Duration::from_hours(1);

        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()).min(LONGEST));
        let left =
            left.map(|left| Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: i64::from(left.subsec_nanos()) });
        let mut events = [epoll::Event { flags: epoll::EventFlags::empty(), data: epoll::EventData::new_u64(0) }; 2];
        // Whatever woke it, also a signal: the caller looks for itself.
        let _ = epoll::wait(&self.epoll, &mut events, left.as_ref());
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

    fn wait(&mut self, heard: u32, _deadline: Option<Instant>) {
        // Shared between processes, so not the private kind. Returns at once if the bell was rung since; whatever
        // else woke it, the caller looks for itself.
        let _ = futex::wait(self.rings.bell(), futex::Flags::empty(), heard, None);
    }

    fn ring(&self) {
        // It fails only if nobody has ever waited after 2^64 rings.
        let _ = rustix::io::write(self.theirs.as_fd(), &1_u64.to_ne_bytes());
    }
}
