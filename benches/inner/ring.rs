//! A message to another thread and back, over the ring link with rings of 1 MiB.

use divan::Bencher;
use divan::counter::BytesCount;
use executor_runtime::__bench::Echo;

/// The bytes of both ways are counted.
#[divan::bench(args = [8, 1 << 10, 64 << 10, 1 << 20, 16 << 20])]
fn there_and_back(bencher: Bencher<'_, '_>, len: usize) {
    let mut echo = Echo::new().expect("a link");
    #[expect(clippy::cast_possible_truncation, reason = "any bytes do")]
    let message: Vec<u8> = (0..len).map(|at| at as u8).collect();
    let mut answer = Vec::new();
    bencher.counter(BytesCount::new(2 * len)).bench_local(|| echo.there_and_back(&message, &mut answer));
    assert!(answer == message, "what comes back is what was sent");
}
