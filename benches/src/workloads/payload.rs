//! Bytes that go to a worker and come back.

use std::time::{Duration, Instant};

use crate::figure::{Figure, Sample};

/// `echo` sends bytes and returns what comes back. `again` says that this is what is sent the next time; otherwise each
/// call has a vector of its own, made while the clock stands.
pub(crate) fn measure(mut echo: impl FnMut(Vec<u8>) -> Vec<u8>, len: usize, calls: u64, again: bool) -> Vec<Sample> {
    let original = pattern(len);
    let mut bytes = echo(original.clone());
    let mut clock = Duration::ZERO;
    for _ in 0..calls {
        let sent = if again { bytes } else { original.clone() };
        let started = Instant::now();
        bytes = echo(sent);
        clock += started.elapsed();
        assert!(bytes == original, "what comes back is what was sent");
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let calls = calls as f64;
    vec![Figure::Payloads.sample(calls / clock.as_secs_f64())]
}

fn pattern(len: usize) -> Vec<u8> {
    #[expect(clippy::cast_possible_truncation, reason = "any bytes do")]
    (0..len).map(|at| (at ^ (at >> 8)) as u8).collect()
}
