//! Looking again instead of sleeping, for a moment, right after work.
//!
//! The next message often comes within microseconds, and being woken costs more
//! than that, on both sides. So whoever has just worked looks a few times,
//! giving the processor away in between, before it sleeps.
//!
//! Giving it away to a program that computes costs that program's whole turn,
//! milliseconds. So a yield that took long ends the looking, and suspends it for
//! a number of waits that grows as long as that goes on.

use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

/// For how long it is worth it.
const LIMIT: Duration = Duration::from_micros(20);
/// A yield to nobody takes less than one of these.
const LONG_YIELD: Duration = Duration::from_micros(20);
const FEWEST_SUSPENDED: u32 = 8;
const MOST_SUSPENDED: u32 = 4096;

/// One side's looking. See the module.
#[derive(Default)]
pub(crate) struct Spin {
    /// So many waits are not preceded by looking.
    suspended: u32,
    /// For how many waits it is suspended next.
    penalty: u32,
}

impl Spin {
    /// As good as none.
    #[cfg(test)]
    pub(crate) fn suspended() -> Self {
        Self { suspended: u32::MAX, penalty: 0 }
    }

    /// Looks until `look` finds something, or it is not worth it any more.
    pub(crate) fn until<T>(&mut self, mut look: impl FnMut() -> Option<T>) -> Option<T> {
        if self.suspended > 0 {
            self.suspended -= 1;
            return None;
        }
        // To a model, looking once is as good as often.
        if cfg!(shuttle) {
            return look();
        }
        let start = Instant::now();
        loop {
            if let Some(found) = look() {
                self.penalty /= 2;
                return Some(found);
            }
            // What `look` takes is no sign of others.
            let before = Instant::now();
            thread::yield_now();
            let after = Instant::now();
            if after - before > LONG_YIELD {
                self.penalty = (self.penalty * 2).clamp(FEWEST_SUSPENDED, MOST_SUSPENDED);
                self.suspended = self.penalty;
                return None;
            }
            if after - start > LIMIT {
                return None;
            }
        }
    }
}

thread_local! {
    /// What this thread has seen when it waited for others of this process.
    static SPIN: Cell<Spin> = const { Cell::new(Spin { suspended: 0, penalty: 0 }) };
}

/// Looks for a moment whether what the calling thread waits for is there, before it sleeps.
pub(crate) fn snooze(mut look: impl FnMut() -> bool) {
    // Only this thread has it, and `look` does not wait itself.
    let mut spin = SPIN.take();
    spin.until(|| look().then_some(()));
    SPIN.set(spin);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_found_at_the_first_look() {
        let mut looks = 0;
        let found = Spin::default().until(|| {
            looks += 1;
            Some(5)
        });
        assert_eq!((found, looks), (Some(5), 1));
    }

    #[test]
    fn looking_for_nothing_ends() {
        assert_eq!(Spin::default().until(|| None::<()>), None);
    }

    #[test]
    fn a_suspended_spin_does_not_look() {
        let mut spin = Spin { suspended: 2, penalty: 2 };
        for _ in 0..2 {
            assert_eq!(spin.until(|| -> Option<()> { panic!("it looked") }), None);
        }
        assert_eq!(spin.until(|| Some(1)), Some(1));
    }
}
