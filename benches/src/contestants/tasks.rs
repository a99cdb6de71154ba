//! What the workers are given to do, whoever's they are.

use std::hint::{self, black_box};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// The task of most measurements: as good as nothing, and an answer that is not the question.
pub(crate) fn successor(n: u64) -> u64 {
    black_box(n).wrapping_add(1)
}

/// A task that keeps its worker busy for 20 µs.
pub(crate) fn short_work() -> u64 {
    let started = Instant::now();
    while started.elapsed() < Duration::from_micros(20) {
        hint::spin_loop();
    }
    1
}

/// A task that computes for so long, by the processor's clock of its thread, and says how long that was.
pub(crate) fn busy(micros: u64) -> u64 {
    let end = processor_time() + Duration::from_micros(micros);
    while processor_time() < end {
        hint::spin_loop();
    }
    micros
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("it counts from zero")
}

/// The item of a map of structs.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Order {
    id: u64,
    cents: u32,
    pieces: u32,
}

/// What becomes of an [`Order`].
#[derive(Serialize, Deserialize)]
pub(crate) struct Receipt {
    id: u64,
    total: u64,
    free_of_postage: bool,
}

impl Order {
    pub(crate) fn nth(n: u64) -> Self {
        let cents = u32::try_from(n % 1_000).expect("below 1,000");
        Self { id: n, cents, pieces: 3 }
    }
}

impl Receipt {
    /// A number in which all fields have a part.
    pub(crate) fn sum(&self) -> u64 {
        self.id + self.total + u64::from(self.free_of_postage)
    }
}

/// The task of a map of structs: as good as nothing.
pub(crate) fn sell(order: Order) -> Receipt {
    let total = u64::from(order.cents) * u64::from(order.pieces);
    Receipt { id: black_box(order.id), total, free_of_postage: total > 2_000 }
}
