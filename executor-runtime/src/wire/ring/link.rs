//! The two sides of the link, and how they come together.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::ANY_LEN_BYTES;
use super::bell::{GuestBell, HostBell};
use super::claims::{CLAIMS, HostClaims};
use super::end::{End, Need};
use super::frame::Frame;
use super::kept::Keeper;
use super::shared::{Rings, Shared, Side, Way, Word};
use crate::sys::region::Region;
use crate::wire::{Bell, Claims, GuestLink, HostLink, LinkError, Patience, Progress, Read};

/// What the host has made for a worker that is to come.
pub(crate) struct Offer {
    rings: Arc<Rings>,
    bell: Arc<Bell>,
    /// What the guest needs to take it: its region, and what it rings. Empty once it has them.
    theirs: Vec<OwnedFd>,
}

impl Offer {
    /// `guest` can be read when the guest has ended, and is open as long as the bell is.
    pub(crate) fn new(ring_len_bytes: u32, guest: BorrowedFd<'_>) -> io::Result<Self> {
        let (ours, region) = Region::create(Rings::body_len_bytes(ring_len_bytes))?;
        let rings = Arc::new(Rings::new(ours, ring_len_bytes));
        let rung = Bell::for_guest()?;
        let bell = Arc::new(Bell::new(Some(rung.as_fd()), guest)?);
        Ok(Self { rings, bell, theirs: vec![region, rung] })
    }

    /// What the guest needs to take it.
    pub(crate) fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        self.theirs.iter().map(AsFd::as_fd).collect()
    }

    /// The descriptors are the guest's now.
    pub(crate) fn let_go(&mut self) {
        self.theirs.clear();
    }

    /// The host's side, which believes no message to be longer than `max_len_bytes`.
    pub(crate) fn connect(self, max_len_bytes: u64) -> (Host, Arc<Bell>) {
        let Self { rings, bell, .. } = self;
        let ours = HostBell::new(Arc::clone(&bell), Arc::clone(&rings));
        let claims = Arc::new(HostClaims::new(Arc::clone(&rings)));
        let end = End::new(Side::Host, Arc::clone(&rings), ours, max_len_bytes);
        (Host { end, rings, claims }, bell)
    }
}

/// The guest's side, from the descriptors of the host's offer.
pub(crate) fn serve(ring_len_bytes: u32, descriptors: Vec<OwnedFd>) -> Result<Guest, String> {
    let (rings, bell) = open(ring_len_bytes, descriptors)?;
    let bell = GuestBell::new(bell, Arc::clone(&rings));
    Ok(Guest { end: End::new(Side::Guest, Arc::clone(&rings), bell, ANY_LEN_BYTES), rings })
}

/// What the descriptors of an offer stand for: the region, and the host's bell.
pub(super) fn open(ring_len_bytes: u32, descriptors: Vec<OwnedFd>) -> Result<(Arc<Rings>, OwnedFd), String> {
    // The kernel leaves out what does not fit into the table of descriptors.
    let Ok([region, bell]) = <[OwnedFd; 2]>::try_from(descriptors) else {
        return Err("its shared memory did not arrive".to_owned());
    };
    let region = Region::open(&region, Rings::body_len_bytes(ring_len_bytes)).map_err(|error| error.to_string())?;
    Ok((Arc::new(Rings::new(region, ring_len_bytes)), bell))
}

pub(crate) struct Host {
    pub(super) end: End<Arc<Rings>, HostBell>,
    rings: Arc<Rings>,
    claims: Arc<HostClaims>,
}

impl HostLink for Host {
    fn window(&self) -> usize {
        CLAIMS
    }

    fn claims(&self) -> Arc<dyn Claims> {
        Arc::<HostClaims>::clone(&self.claims)
    }

    fn push(&mut self, message: [&[u8]; 2], written: &mut usize) -> Result<bool, LinkError> {
        let mut frame = Frame::resume(message, *written);
        let left = frame.words_left();
        let pushed = self.end.push(&mut frame);
        *written += left - frame.words_left();
        pushed
    }

    fn fits(&mut self, arguments_len_bytes: usize) -> Result<bool, LinkError> {
        /// What comes with the arguments: two messages' lengths, their last words, and a head.
        const REST_LEN_BYTES: usize = 64;

        let words = (arguments_len_bytes + REST_LEN_BYTES).div_ceil(size_of::<u64>());
        Ok(self.end.room()? >= words)
    }

    fn flush(&mut self) {
        self.end.flush();
    }

    fn pull(&mut self, message: &mut Vec<u8>) -> Result<Read, LinkError> {
        self.end.pull(message)
    }

    fn look(&mut self, room: bool) -> Result<bool, LinkError> {
        self.end.look(need(room))
    }

    fn arm(&mut self, room: bool) -> Result<bool, LinkError> {
        self.end.arm(need(room))
    }

    fn disarm(&mut self) {
        self.end.disarm();
    }

    fn seal(&mut self) {
        self.end.seal();
    }

    fn progress(&self) -> Progress {
        self.rings.progress()
    }

    fn take_kept(&mut self, message: &mut Vec<u8>) {
        self.rings.take_kept(message);
    }

    fn hang_up(&mut self) {
        self.end.close();
    }
}

/// Rule 8: a host with more to write sleeps until half of the ring is free.
fn need(room: bool) -> Need {
    Need { words: true, room: if room { usize::MAX } else { 0 } }
}

pub(crate) struct Guest {
    pub(super) end: End<Arc<Rings>, GuestBell>,
    rings: Arc<Rings>,
}

/// The guest's host cannot leave without it: it would be ended.
const FOR_EVER: Patience<'static> = Patience { deadline: None, gone: &|| false };

impl GuestLink for Guest {
    fn receive(&mut self, message: &mut Vec<u8>) -> Result<(), LinkError> {
        self.end.receive(message, &FOR_EVER)
    }

    fn wait(&mut self, deadline: Instant) -> Result<bool, LinkError> {
        let patience = Patience { deadline: Some(deadline), ..FOR_EVER };
        match self.end.wait(Need { words: true, room: 0 }, &patience) {
            Ok(()) => Ok(true),
            Err(LinkError::TimedOut) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn start(&mut self, number: u32) -> bool {
        self.rings.start(number)
    }

    fn send(&mut self, message: [&[u8]; 2]) -> Result<(), LinkError> {
        self.end.send(message, &FOR_EVER)
    }

    fn send_quietly(&mut self, message: &[u8]) -> Result<(), LinkError> {
        self.end.send_quietly([message, &[]], &FOR_EVER)
    }

    fn keeper(&self) -> Option<Keeper> {
        Some(Keeper::new(Arc::clone(&self.rings)))
    }
}

impl<S: Shared> Shared for Arc<S> {
    fn load(&self, word: Word, order: Ordering) -> u32 {
        S::load(self, word, order)
    }

    fn store(&self, word: Word, value: u32, order: Ordering) {
        S::store(self, word, value, order);
    }

    fn fence(&self) {
        S::fence(self);
    }

    fn words(&self, way: Way) -> &[AtomicU64] {
        S::words(self, way)
    }

    fn capacity(&self) -> u32 {
        S::capacity(self)
    }
}
