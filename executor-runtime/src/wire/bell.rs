//! Where the host sleeps while its guest works.
//!
//! The host must notice three things: that the guest has rung, which only the ring link does, that it has ended, and
//! that somebody of the host's own process has something to say. So it sleeps at an epoll, which is the only descriptor
//! of a bell's own. `docs/decisions/009` has the figures.
//!
//! 1. The guest rings an eventfd. Only its edges are watched: each ring is one, and one that comes early is kept. So its
//!    number is never read, which the guest could make wait for ever.
//! 2. Once the guest has the eventfd, the host keeps none of it: an epoll watches a file for as long as anybody has it
//!    open. A guest that closes it can ring no more, which is as if it never did.
//! 3. The guest's pidfd can be read when it has ended.
//! 4. The host's own pokes must be nothing that the guest can spoil. They are a file that can be read at any time, one
//!    for all bells. The epoll tells of it once and not again before it is asked to, and that is what a poke is. One
//!    that comes early is kept, too.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, Timespec, epoll, eventfd};

/// See the module.
#[derive(Debug)]
pub(crate) struct Bell {
    epoll: OwnedFd,
    /// Rule 4.
    readable: Arc<OwnedFd>,
    /// Shuttle sees nothing of what the kernel does.
    #[cfg(all(test, shuttle))]
    model: (crate::sync::Mutex<bool>, crate::sync::Condvar),
}

impl Bell {
    /// What a guest rings.
    pub(crate) fn for_guest() -> io::Result<OwnedFd> {
        Ok(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?)
    }

    /// `theirs` is what the guest rings, if it does. `guest` can be read when the guest has ended, and is open as long as
    /// this is.
    pub(crate) fn new(theirs: Option<BorrowedFd<'_>>, guest: BorrowedFd<'_>) -> io::Result<Self> {
        let readable = readable()?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        if let Some(theirs) = theirs {
            epoll::add(&epoll, theirs, ANY, epoll::EventFlags::IN | epoll::EventFlags::ET)?;
        }
        epoll::add(&epoll, guest, ANY, epoll::EventFlags::IN)?;
        epoll::add(&epoll, &readable, ANY, epoll::EventFlags::ONESHOT)?;
        Ok(Self {
            epoll,
            readable,
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
        let mut events = [epoll::Event { flags: epoll::EventFlags::empty(), data: ANY }; 3];
        // Also a signal wakes it.
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
        let once = epoll::EventFlags::IN | epoll::EventFlags::ONESHOT;
        // It cannot fail: both are open, and the one is in the other.
        let asked = epoll::modify(&self.epoll, &self.readable, ANY, once);
        debug_assert!(asked.is_ok(), "{asked:?}");
    }
}

/// Whatever woke the host: it looks for itself.
const ANY: epoll::EventData = epoll::EventData::new_u64(0);

/// Rule 4: what can be read at any time. It is closed with the last bell.
fn readable() -> io::Result<Arc<OwnedFd>> {
    // Not shuttle's: the models begin again and again in one process.
    static READABLE: std::sync::Mutex<Weak<OwnedFd>> = std::sync::Mutex::new(Weak::new());

    let mut shared = READABLE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(readable) = shared.upgrade() {
        return Ok(readable);
    }
    let readable = Arc::new(eventfd(1, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
    *shared = Arc::downgrade(&readable);
    Ok(readable)
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use std::os::fd::AsFd;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// As a pidfd is whose process lives.
    fn silent() -> OwnedFd {
        Bell::for_guest().expect("a descriptor")
    }

    /// Whether the bell was rung since it was last asked.
    fn has_rung(bell: &Bell) -> bool {
        let mut events = [epoll::Event { flags: epoll::EventFlags::empty(), data: ANY }; 3];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        epoll::wait(&bell.epoll, &mut events, Some(&now)).expect("what it has heard") > 0
    }

    fn ring(theirs: &OwnedFd) {
        rustix::io::write(theirs, &1_u64.to_ne_bytes()).expect("a ring");
    }

    #[test]
    fn each_poke_wakes_once_also_if_it_comes_before_the_wait() {
        let guest = silent();
        let bell = Bell::new(None, guest.as_fd()).expect("a bell");
        assert!(!has_rung(&bell));
        for _ in 0..3 {
            bell.poke();
            assert!(has_rung(&bell));
            assert!(!has_rung(&bell));
        }
        bell.poke();
        bell.poke();
        bell.wait(None);
        assert!(!has_rung(&bell));
    }

    #[test]
    fn a_poke_is_for_one_bell_only() {
        let guest = silent();
        let [bell, other] = [(); 2].map(|()| Bell::new(None, guest.as_fd()).expect("a bell"));
        bell.poke();
        assert!(has_rung(&bell) && !has_rung(&other));
        drop(bell);
        other.poke();
        assert!(has_rung(&other));
    }

    #[test]
    fn a_guest_is_heard_whose_eventfd_is_open_nowhere_else() {
        let (guest, theirs) = (silent(), silent());
        let given = theirs.try_clone().expect("the guest's");
        let bell = Bell::new(Some(theirs.as_fd()), guest.as_fd()).expect("a bell");
        drop(theirs);
        for _ in 0..3 {
            ring(&given);
            assert!(has_rung(&bell));
            assert!(!has_rung(&bell));
        }
        // It rings no more, and that is all.
        ring(&given);
        drop(given);
        assert!(!has_rung(&bell));
        bell.poke();
        assert!(has_rung(&bell));
    }

    #[test]
    fn no_poke_is_lost_on_one_who_waits() {
        const POKES: u32 = 20_000;

        let guest = silent();
        let bell = Bell::new(None, guest.as_fd()).expect("a bell");
        let (poked, seen) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while seen.load(Ordering::SeqCst) < POKES {
                    // A lost one is waited for in vain.
                    bell.wait(None);
                    seen.store(poked.load(Ordering::SeqCst), Ordering::SeqCst);
                }
            });
            for number in 1..=POKES {
                poked.store(number, Ordering::SeqCst);
                bell.poke();
                // Each second one comes while the one before is under way.
                while number % 2 == 0 && seen.load(Ordering::SeqCst) < number {
                    std::thread::yield_now();
                }
            }
        });
    }
}
