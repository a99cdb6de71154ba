//! Tasks that compute for milliseconds: how much of its workers a pool uses.

use std::time::Instant;

use crate::figure::{Figure, Sample};

/// How long each task computes, in microseconds: 10 ms, or from 0.1 to 20 ms, always the same ones.
pub(crate) fn lengths(tasks: u64, mixed: bool) -> Vec<u64> {
    (0..tasks).map(|n| if mixed { 100 + scattered(n) % 19_900 } else { 10_000 }).collect()
}

/// `run` has all of them done, and says how many microseconds that were.
pub(crate) fn measure(lengths: &[u64], run: impl FnOnce(&[u64]) -> u64) -> Vec<Sample> {
    let micros: u64 = lengths.iter().sum();
    let started = Instant::now();
    assert_eq!(run(lengths), micros, "all of it was done");
    let seconds = started.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let micros = micros as f64;
    vec![Figure::SpeedUp.sample(micros / 1e6 / seconds)]
}

/// The lengths for each of some workers, each task with the one that is free first: what a pool does that costs nothing.
pub(crate) fn shares(lengths: &[u64], workers: usize) -> Vec<Vec<u64>> {
    let mut shares = vec![Vec::new(); workers];
    for length in lengths {
        let free_first = shares.iter_mut().min_by_key(|share| share.iter().sum::<u64>());
        free_first.expect("there are workers").push(*length);
    }
    shares
}

/// splitmix64, which makes of neighbours numbers that have nothing to do with each other.
fn scattered(n: u64) -> u64 {
    let n = (n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    n ^ (n >> 31)
}
