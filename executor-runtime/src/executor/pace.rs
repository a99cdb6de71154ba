//! How many items of a map go into its next chunk, where nobody has said.
//!
//! 1. Nothing is known at first: items go one by one.
//! 2. Each chunk that has landed tells how long its calls took together, by the clock of whoever ran them: what a
//!    chunk waits for its turn does not count. The next one gets as many as that makes a given time.
//! 3. It grows by a factor at most, so that what was seen of few calls is not believed of many, and shrinks at once.
//! 4. What is remembered fades with every call, and with a chunk an eighth of it at most: a few slow ones among
//!    many that are fast stay in mind, and one that was interrupted is soon made up for.

use std::time::Duration;

/// What is known of how long a map's calls take.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Calls that are remembered, in parts of [`PARTS`].
    call_parts: u64,
    /// How long they took.
    took_nanos: u64,
    /// Of the last chunk that has landed.
    last: usize,
}

/// How much larger than the last one a chunk may be.
const GROWTH: usize = 4;

/// Of so many calls the memory keeps nearly two thirds when as many more have come.
const MEMORY: u64 = 512;

/// Calls are forgotten in so small parts, or those who forget little would forget time only.
const PARTS: u64 = 1_024;

/// The share of the memory that one chunk can push out is this one of [`MEMORY`].
const MOST_FORGOTTEN: u64 = MEMORY / 8;

impl Pace {
    /// A chunk of so many calls has landed.
    pub(super) fn landed(&mut self, calls: usize, took: Duration) {
        self.last = calls;
        let calls = u64::try_from(calls).unwrap_or(u64::MAX);
        let took_nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let forgotten = calls.min(MOST_FORGOTTEN);
        let keep = |sum: u64| sum - sum.saturating_mul(forgotten) / MEMORY;
        self.call_parts = keep(self.call_parts).saturating_add(calls.saturating_mul(PARTS));
        self.took_nanos = keep(self.took_nanos).saturating_add(took_nanos);
    }

    /// The calls of a chunk were taken one by one, and nobody says how long they took: they are not put together
    /// until somebody does.
    pub(super) fn taken_one_by_one(&mut self) {
        *self = Self::default();
    }

    /// How many calls there are in so much time; one at least.
    pub(super) fn calls_in(&self, time: Duration) -> usize {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let calls = nanos.saturating_mul(self.call_parts) / self.took_nanos.max(1) / PARTS;
        let most = self.last.saturating_mul(GROWTH).max(1);
        usize::try_from(calls).unwrap_or(usize::MAX).clamp(1, most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORTH: Duration = Duration::from_micros(500);

    /// What comes of calls that take `each`: as many as the pace says, again and again.
    fn follow(pace: &mut Pace, each: Duration, chunks: usize) -> Vec<usize> {
        let one_by_one = |_| {
            let calls = pace.calls_in(WORTH);
            pace.landed(calls, each * u32::try_from(calls).expect("few"));
            calls
        };
        (0..chunks).map(one_by_one).collect()
    }

    #[test]
    fn short_calls_come_in_chunks_that_grow_step_by_step() {
        let chunks = follow(&mut Pace::default(), Duration::from_nanos(500), 8);
        assert_eq!(chunks[..5], [1, 4, 16, 64, 256]);
        assert!(chunks[5..].iter().all(|calls| (990..=1_000).contains(calls)), "{chunks:?}");
    }

    #[test]
    fn long_calls_stay_alone() {
        for micros in [251, 500, 20_000] {
            assert_eq!(follow(&mut Pace::default(), Duration::from_micros(micros), 5), [1; 5], "{micros}");
        }
    }

    #[test]
    fn a_chunk_of_calls_that_have_become_slow_is_the_last_of_its_size() {
        let mut pace = Pace::default();
        follow(&mut pace, Duration::from_nanos(500), 50);
        pace.landed(1_000, 1_000 * Duration::from_millis(10));
        assert_eq!(pace.calls_in(WORTH), 1);
    }

    #[test]
    fn calls_that_have_become_fast_come_in_chunks_again() {
        let mut pace = Pace::default();
        follow(&mut pace, Duration::from_millis(10), 100);
        let chunks = follow(&mut pace, Duration::from_nanos(500), 10_000);
        assert!(chunks.last().is_some_and(|calls| *calls > 500), "{:?}", chunks.last());
    }

    #[test]
    fn one_interruption_is_soon_made_up_for() {
        let mut pace = Pace::default();
        follow(&mut pace, Duration::from_nanos(500), 50);
        pace.landed(1_000, Duration::from_millis(4));
        let chunks = follow(&mut pace, Duration::from_nanos(500), 50);
        assert!(chunks[0] > 250 && chunks[49] > 900, "{chunks:?}");
    }

    #[test]
    fn few_slow_calls_among_many_fast_ones_are_not_forgotten() {
        let mut pace = Pace::default();
        for number in 0..10_000 {
            pace.landed(1, if number % 100 == 0 { Duration::from_millis(10) } else { Duration::from_nanos(100) });
        }
        // The mean is 100 µs.
        assert!((1..=8).contains(&pace.calls_in(WORTH)));
    }

    #[test]
    fn calls_that_are_not_measured_are_not_put_together() {
        let mut pace = Pace::default();
        follow(&mut pace, Duration::from_nanos(500), 50);
        pace.taken_one_by_one();
        assert_eq!(pace.calls_in(WORTH), 1);
    }
}
