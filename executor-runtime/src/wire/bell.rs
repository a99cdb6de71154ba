//! Where the host sleeps while its guest works.
//!
//! The host must notice three things: that the guest has rung, which only the ring link does, that it has ended, and
//! that somebody of the host's own process has something to say. So it sleeps at an epoll that watches an eventfd for
//! each of both who ring, and the guest's pidfd. Of the eventfds only the edges are watched: each ring is one, and one
//! that comes early is kept. So their numbers are never read. The guest could spoil that of its own, which is why the
//! host's own pokes have another. `docs/decisions/009` has the figures.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, Timespec, epoll, eventfd};

/// See the module.
#[derive(Debug)]
pub(crate) struct Bell {
    epoll: OwnedFd,
    /// Rung by the guest. In the epoll, which would forget it if it were closed.
    _theirs: OwnedFd,
    /// Rung by the host.
    ours: OwnedFd,
    /// Shuttle sees nothing of what the kernel does.
    #[cfg(all(test, shuttle))]
    model: (crate::sync::Mutex<bool>, crate::sync::Condvar),
}

impl Bell {
    /// What a guest rings.
    pub(crate) fn for_guest() -> io::Result<OwnedFd> {
        Ok(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?)
    }

    /// `guest` can be read when the guest has ended, and is open as long as this is.
    pub(crate) fn new(theirs: OwnedFd, guest: BorrowedFd<'_>) -> io::Result<Self> {
        let ours = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let any = epoll::EventData::new_u64(0);
        for eventfd in [&theirs, &ours] {
            epoll::add(&epoll, eventfd, any, epoll::EventFlags::IN | epoll::EventFlags::ET)?;
        }
        epoll::add(&epoll, guest, any, epoll::EventFlags::IN)?;
        Ok(Self {
            epoll,
            _theirs: theirs,
            ours,
            #[cfg(all(test, shuttle))]
            model: Default::default(),
        })
    }

    /// Sleeps until the bell was rung since the last wait, the guest has ended, or the deadline is there; it may also
    /// return for no reason.
    pub(crate) fn wait(&self, deadline: Option<Instant>) {
        /// A longer time would need a newer system call. Waking once an hour costs nothing.
        const LONGEST: Duration = Duration::from_hours(1);

        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()).min(LONGEST));
        let left =
            left.map(|left| Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: i64::from(left.subsec_nanos()) });
        let mut events = [epoll::Event { flags: epoll::EventFlags::empty(), data: epoll::EventData::new_u64(0) }; 3];
        // Whatever woke it, also a signal: the caller looks for itself.
        let _ = epoll::wait(&self.epoll, &mut events, left.as_ref());
    }

    /// As an epoll and its edges do.
    #[cfg(all(test, shuttle))]
    pub(crate) fn wait_in_model(&self) {
        let mut rung = self.model.0.lock();
        while !*rung && !shuttle::rand::Rng::gen_bool(&mut shuttle::rand::thread_rng(), 0.1) {
            rung = self.model.1.wait(rung, None);
        }
        *rung = false;
    }

    /// Wakes whoever sleeps here, or who comes next.
    pub(crate) fn poke(&self) {
        #[cfg(all(test, shuttle))]
        {
            *self.model.0.lock() = true;
            self.model.1.notify_all();
        }
        // It fails only after 2^64 pokes.
        let _ = rustix::io::write(self.ours.as_fd(), &1_u64.to_ne_bytes());
    }
}
