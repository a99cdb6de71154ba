//! What is in the region, and where.

use std::sync::atomic::{AtomicU64, Ordering, fence};

use super::claims::CLAIMS;
use super::kept::KEPT_LEN_BYTES;
use crate::sys::region::Region;

/// A ring, by where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Tasks, from the host to the guest.
    Down,
    /// Answers, from the guest to the host.
    Up,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Host,
    Guest,
}

impl Side {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Host => Self::Guest,
            Self::Guest => Self::Host,
        }
    }

    /// The ring that this side writes.
    pub(super) fn writes(self) -> Way {
        match self {
            Self::Host => Way::Down,
            Self::Guest => Way::Up,
        }
    }

    /// The ring that this side reads.
    pub(super) fn reads(self) -> Way {
        self.other().writes()
    }
}

/// The small numbers of the region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Up to where the ring is written. Stored by its writer only.
    Tail(Way),
    /// Up to where the ring is read. Stored by its reader only.
    Head(Way),
    /// What a side sleeps for. Stored by itself, and taken down by the other side.
    Sleeps(Side),
    /// Not zero when a side has ended.
    Closed(Side),
    /// The guest's bell: see `bell.rs`.
    Bell,
}

impl Word {
    pub(super) const ALL: usize = 9;

    /// Each by its number.
    #[cfg(all(any(test, executor_fuzz), not(shuttle)))]
    pub(super) const AT: [Self; Self::ALL] = [
        Self::Tail(Way::Down),
        Self::Head(Way::Down),
        Self::Tail(Way::Up),
        Self::Head(Way::Up),
        Self::Sleeps(Side::Host),
        Self::Sleeps(Side::Guest),
        Self::Closed(Side::Host),
        Self::Closed(Side::Guest),
        Self::Bell,
    ];

    /// A number for each, from zero.
    pub(super) fn index(self) -> usize {
        match self {
            Self::Tail(Way::Down) => 0,
            Self::Head(Way::Down) => 1,
            Self::Tail(Way::Up) => 2,
            Self::Head(Way::Up) => 3,
            Self::Sleeps(Side::Host) => 4,
            Self::Sleeps(Side::Guest) => 5,
            Self::Closed(Side::Host) => 6,
            Self::Closed(Side::Guest) => 7,
            Self::Bell => Self::ALL - 1,
        }
    }
}

/// What the protocol needs of the memory: [`Rings`] has a region for it, the models have shuttle's atomics.
pub(super) trait Shared {
    fn load(&self, word: Word, order: Ordering) -> u32;

    fn store(&self, word: Word, value: u32, order: Ordering);

    /// Rule 7.
    fn fence(&self);

    /// All words of a ring.
    fn words(&self, way: Way) -> &[AtomicU64];

    /// How many words a ring has; a power of two.
    fn capacity(&self) -> u32;

    /// The words of a ring from `index` on, up to the end of the ring or `len`, whichever comes first.
    fn stretch(&self, way: Way, index: u32, len: u32) -> &[AtomicU64] {
        let start = index & (self.capacity() - 1);
        let end = self.capacity().min(start.saturating_add(len));
        &self.words(way)[start as usize..end as usize]
    }
}

/// Both rings in a region, and what is kept beside them.
#[derive(Debug)]
pub(super) struct Rings {
    region: Region,
    capacity: u32,
}

/// Each small number has two cache lines to itself, which is what the processor fetches at once. The other side
/// watches one of them while this one writes its neighbour.
const NUMBERS_APART: usize = 128 / size_of::<u32>();

/// Behind them the words of `claims.rs`.
const CLAIMS_AT: usize = Word::ALL * NUMBERS_APART;

impl Rings {
    /// How large the body of a region has to be for rings of this length.
    pub(super) fn body_len_bytes(ring_len_bytes: u32) -> usize {
        2 * ring_len_bytes as usize + KEPT_LEN_BYTES
    }

    pub(super) fn new(region: Region, ring_len_bytes: u32) -> Self {
        assert!(ring_len_bytes.is_power_of_two() && ring_len_bytes >= 64, "a ring is a power of two");
        assert_eq!(size_of_val(region.body()), Self::body_len_bytes(ring_len_bytes));
        const { assert!((CLAIMS_AT + CLAIMS) * size_of::<u32>() <= crate::sys::region::HEAD_LEN_BYTES) }
        let capacity = ring_len_bytes / 8;
        Self { region, capacity }
    }

    /// The guest's bell.
    pub(super) fn bell(&self) -> &std::sync::atomic::AtomicU32 {
        self.number(Word::Bell)
    }

    /// The word of a task: see `claims.rs`.
    pub(super) fn claim(&self, number: u32) -> &std::sync::atomic::AtomicU32 {
        &self.region.head()[CLAIMS_AT + number as usize % CLAIMS]
    }

    /// Behind the rings: see `kept.rs`.
    pub(super) fn kept(&self) -> &[AtomicU64] {
        &self.region.body()[2 * self.capacity as usize..]
    }

    fn number(&self, word: Word) -> &std::sync::atomic::AtomicU32 {
        &self.region.head()[word.index() * NUMBERS_APART]
    }
}

impl Shared for Rings {
    fn load(&self, word: Word, order: Ordering) -> u32 {
        self.number(word).load(order)
    }

    fn store(&self, word: Word, value: u32, order: Ordering) {
        self.number(word).store(value, order);
    }

    fn fence(&self) {
        fence(Ordering::SeqCst);
    }

    fn words(&self, way: Way) -> &[AtomicU64] {
        let (down, rest) = self.region.body().split_at(self.capacity as usize);
        match way {
            Way::Down => down,
            Way::Up => &rest[..self.capacity as usize],
        }
    }

    fn capacity(&self) -> u32 {
        self.capacity
    }
}
