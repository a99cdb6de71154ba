//! Who has a task that was sent: the guest that starts it, or the host that
//! takes it back. One word of the region for each task that can be under way.
//!
//! 1. The host offers a task before the guest can see it. Who changes the word from there first, the guest to
//!    *started* or the host to *taken back*, has the task.
//! 2. A guest that finds its task taken back, or another one in its place, passes over it and says nothing.
//! 3. A word holds the task's number, too. So it can be used for a later task as soon as the host wants, and whoever
//!    comes too late for the earlier one sees that.

use std::sync::atomic::Ordering;

use super::shared::Rings;
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
    /// Changes the word of an offered task; if it is not offered any more, what it is.
    fn change(&self, number: u32, state: u32) -> Result<(), u32> {
        // Relaxed, here and below: who has the task is decided by the order of this one word. The task itself comes
        // through the ring, and whoever takes it back looks at nothing that the guest has written.
        let (offered, changed) = (word(number, OFFERED), word(number, state));
        self.claim(number).compare_exchange(offered, changed, Ordering::Relaxed, Ordering::Relaxed).map(drop)
    }

    /// The guest's side of rule 1.
    pub(super) fn start(&self, number: u32) -> bool {
        self.change(number, STARTED).is_ok()
    }
}

impl Claims for Rings {
    fn offer(&self, number: u32) {
        self.claim(number).store(word(number, OFFERED), Ordering::Relaxed);
    }

    fn take_back(&self, number: u32) -> Claim {
        match self.change(number, TAKEN_BACK) {
            Ok(()) => Claim::Offered,
            Err(_) => self.look(number),
        }
    }

    fn look(&self, number: u32) -> Claim {
        let now = self.claim(number).load(Ordering::Relaxed);
        if now == word(number, OFFERED) {
            Claim::Offered
        } else if now == word(number, TAKEN_BACK) {
            Claim::TakenBack
        } else {
            // Also if the guest has spoilt the word: then it may have done anything.
            Claim::Started
        }
    }
}
