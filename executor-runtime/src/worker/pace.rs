//! How many calls a worker is sent ahead of the one that it runs.
//!
//! Enough that it never waits for its host, and no more than can wait: what was sent to one worker could have run on
//! another. So it is counted in time, of which the last calls tell how much one takes.

use std::time::Duration;

/// So much work may wait behind the call that runs.
const AHEAD: Duration = Duration::from_micros(500);

/// Calls that take less are over before another process is awake. In a model all are.
const QUICK: Duration = if cfg!(shuttle) { Duration::MAX } else { Duration::from_micros(16) };

/// What calls of a worker have taken.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Of one call; `None` before the first.
    per_call: Option<Duration>,
}

impl Pace {
    /// When a task takes so much longer than expected, what waits behind it is given to others.
    pub(super) const LATE: Duration = Duration::from_millis(1);

    /// So many calls took so long, one after the other, as the worker says.
    pub(super) fn note(&mut self, calls: u32, took: Duration) {
        let now = took / calls.max(1);
        // A call that takes long is believed at once, since it keeps others waiting.
        self.per_call = Some(match self.per_call {
            Some(before) if now < before => (3 * before + now) / 4,
            _ => now,
        });
    }

    /// A call takes so long that nothing can wait for it.
    pub(super) fn was_late(&mut self) {
        self.note(1, Self::LATE);
    }

    /// Whether a call is better off behind others here than with a worker that has to be woken for it.
    pub(super) fn is_quick(&self) -> bool {
        self.per_call.is_some_and(|per_call| per_call <= QUICK)
    }

    /// How many calls may wait behind the one that runs.
    pub(super) fn calls_ahead(&self) -> usize {
        let Some(per_call) = self.per_call else { return 0 };
        usize::try_from(AHEAD.as_nanos() / per_call.as_nanos().max(1)).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_sent_ahead_before_the_first_call_and_behind_long_ones() {
        let mut pace = Pace::default();
        assert_eq!(pace.calls_ahead(), 0);
        pace.note(1, 2 * AHEAD);
        assert_eq!(pace.calls_ahead(), 0);
    }

    #[test]
    fn short_calls_are_believed_little_by_little_and_a_long_one_at_once() {
        let mut pace = Pace::default();
        pace.note(10, AHEAD);
        assert_eq!(pace.calls_ahead(), 10);
        pace.note(1, AHEAD / 1000);
        assert_eq!(pace.calls_ahead(), 13);
        for _ in 0..100 {
            pace.note(1, AHEAD / 1000);
        }
        assert!(pace.calls_ahead() > 990, "{pace:?}");
        pace.was_late();
        assert_eq!(pace.calls_ahead(), 0);
    }
}
