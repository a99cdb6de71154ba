//! The two sides of the link, and how they come together.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::bell::{GuestBell, HostBell, host_bell};
use super::end::End;
use super::shared::{Rings, Shared, Side, Way, Word};
use crate::sys::region::Region;
use crate::wire::{GuestLink, HostLink, LinkError, Patience};

/// What the host has made for a worker that is to come.
pub(crate) struct Offer {
    rings: Arc<Rings>,
    region: OwnedFd,
    bell: OwnedFd,
}

impl Offer {
    pub(crate) fn new(ring_len_bytes: u32) -> io::Result<Self> {
        let (ours, region) = Region::create(Rings::body_len_bytes(ring_len_bytes))?;
        let rings = Arc::new(Rings::new(ours, ring_len_bytes));
        Ok(Self { rings, region, bell: host_bell()? })
    }

    /// What the guest needs to take it.
    pub(crate) fn descriptors(&self) -> [BorrowedFd<'_>; 2] {
        [self.region.as_fd(), self.bell.as_fd()]
    }

    /// The host's side. `guest` can be read when the guest has ended, and is open as long as the link is.
    pub(crate) fn connect(self, guest: BorrowedFd<'_>) -> io::Result<Host> {
        let bell = HostBell::new(self.bell, guest, Arc::clone(&self.rings))?;
        Ok(Host(End::new(Side::Host, self.rings, bell)))
    }
}

/// The guest's side, from the descriptors of the host's offer.
pub(crate) fn serve(ring_len_bytes: u32, descriptors: Vec<OwnedFd>) -> Result<Guest, String> {
    // The kernel leaves out what does not fit into the table of descriptors.
    let Ok([region, bell]) = <[OwnedFd; 2]>::try_from(descriptors) else {
        return Err("its shared memory did not arrive".to_owned());
    };
    let region = Region::open(&region, Rings::body_len_bytes(ring_len_bytes)).map_err(|error| error.to_string())?;
    let rings = Arc::new(Rings::new(region, ring_len_bytes));
    let bell = GuestBell::new(bell, Arc::clone(&rings));
    Ok(Guest(End::new(Side::Guest, rings, bell)))
}

pub(crate) struct Host(pub(super) End<Arc<Rings>, HostBell>);

impl HostLink for Host {
    fn send(&mut self, parts: [&[u8]; 2], patience: &Patience<'_>) -> Result<(), LinkError> {
        self.0.send(parts, patience)
    }

    fn receive(&mut self, message: &mut Vec<u8>, patience: &Patience<'_>) -> Result<(), LinkError> {
        self.0.receive(message, patience)
    }
}

pub(crate) struct Guest(pub(super) End<Arc<Rings>, GuestBell>);

/// The guest's host cannot leave without it: it would be ended.
const FOR_EVER: Patience<'static> = Patience { deadline: None, gone: &|| false };

impl GuestLink for Guest {
    fn receive(&mut self, message: &mut Vec<u8>) -> Result<(), LinkError> {
        self.0.receive(message, &FOR_EVER)
    }

    fn send(&mut self, message: &[u8]) -> Result<(), LinkError> {
        self.0.send([message, &[]], &FOR_EVER)
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
