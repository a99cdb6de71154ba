//! Who has a task that was sent: the guest that starts it, or the host that
//! takes it back. One word of the region for each task that can be under way.
//!
//! 1. The host offers a task before the guest can see it. Who changes the word from there first, the guest to
//!    *started* or the host to *taken back*, has the task.
//! 2. A guest that finds its task taken back, or another one in its place, passes over it and says nothing.
//! 3. A word holds the task's number, too. So it can be used for a later task as soon as the host wants, and whoever
//!    comes too late for the earlier one sees that.
//! 4. The host notes what it has taken back, since whoever did so ends that task, and the guest can write *taken back*
//!    as well. What it did not note counts as started, as does whatever else stands in a word.
//! 5. It notes also what it has seen to be started: whoever saw that has given up to cancel the task or to send it elsewhere,
//!    and the guest can write *offered* once more.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::shared::Rings;
use crate::sync::Mutex;
use crate::wire::{Claim, Claims};

/// How many tasks can be under way to one guest.
pub(crate) const CLAIMS: usize = 256;

const OFFERED: u32 = 1;
const TAKEN_BACK: u32 = 2;
const STARTED: u32 = 3;

/// What stands in a task's word. The number's upper two bits are left out.
fn word(number: u32, state: u32) -> u32 {
    number << 2 | state
}

impl Rings {
    /// Changes the word of an offered task; false if it is not offered any more.
    fn change(&self, number: u32, state: u32) -> bool {
        // Relaxed, here and below: who has the task is decided by the order of this one word. The task itself comes
        // through the ring, and whoever takes it back looks at nothing that the guest has written.
        let (offered, changed) = (word(number, OFFERED), word(number, state));
        self.claim(number).compare_exchange(offered, changed, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// The guest's side of rule 1.
    pub(super) fn start(&self, number: u32) -> bool {
        self.change(number, STARTED)
    }
}

/// The host's side.
#[derive(Debug)]
pub(super) struct HostClaims {
    rings: Arc<Rings>,
    /// Rule 4: what stands in each word, as far as the host has changed it.
    ours: [AtomicU32; CLAIMS],
    /// Held while a task is taken back, so that nobody sees that in the region before it is noted.
    taking: Mutex<()>,
}

impl HostClaims {
    pub(super) fn new(rings: Arc<Rings>) -> Self {
        Self { rings, ours: [const { AtomicU32::new(0) }; CLAIMS], taking: Mutex::new(()) }
    }

    fn ours(&self, number: u32) -> &AtomicU32 {
        &self.ours[number as usize % CLAIMS]
    }

    /// Notes what has become of an offered task, unless something was noted already. What is noted.
    fn note(&self, number: u32, state: u32) -> u32 {
        let noted = word(number, state);
        // Relaxed, as all of these: this one word decides.
        let before =
            self.ours(number).compare_exchange(word(number, OFFERED), noted, Ordering::Relaxed, Ordering::Relaxed);
        before.map_or_else(|other| other, |_| noted)
    }

    /// What is noted of a task that is not offered any more. Of one whose word has another's by now: that it started.
    fn claim_of(number: u32, noted: u32) -> Claim {
        if noted == word(number, TAKEN_BACK) { Claim::TakenBack } else { Claim::Started }
    }
}

impl Claims for HostClaims {
    fn offer(&self, number: u32) {
        let offered = word(number, OFFERED);
        self.ours(number).store(offered, Ordering::Relaxed);
        self.rings.claim(number).store(offered, Ordering::Relaxed);
    }

    fn take_back(&self, number: u32) -> Claim {
        let _taking = self.taking.lock();
        let noted = self.ours(number).load(Ordering::Relaxed);
        if noted != word(number, OFFERED) {
            return Self::claim_of(number, noted);
        }
        let state = if self.rings.change(number, TAKEN_BACK) { TAKEN_BACK } else { STARTED };
        match self.note(number, state) {
            noted if noted == word(number, TAKEN_BACK) => Claim::Offered,
            // Also if the guest made it look so to somebody else, and then offered it again.
            _ => Claim::Started,
        }
    }

    fn look(&self, number: u32) -> Claim {
        let noted = self.ours(number).load(Ordering::Relaxed);
        if noted != word(number, OFFERED) {
            return Self::claim_of(number, noted);
        }
        let now = self.rings.claim(number).load(Ordering::Relaxed);
        if now == word(number, OFFERED) {
            return Claim::Offered;
        }
        // Whoever is taking it back notes that under the lock.
        let _taking = (now == word(number, TAKEN_BACK)).then(|| self.taking.lock());
        Self::claim_of(number, self.note(number, STARTED))
    }
}
