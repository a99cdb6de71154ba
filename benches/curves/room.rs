//! How many tasks may wait at once, so that the machine stays usable.

use std::fs;

use crate::float;
use crate::pool::Kind;
use crate::probe::Probe;

/// What they may take of the memory, if the half of it is not less.
const MOST_BYTES: f64 = 4.0 * 1_073_741_824.0;

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    tasks: f64,
}

impl Room {
    /// By what fewer tasks take.
    pub(crate) fn of(kind: Kind) -> Self {
        const FEW: u64 = 100_000;

        let bytes_each = Probe::Queue { kind, tasks: FEW }.ask() / float(FEW);
        Self { tasks: MOST_BYTES.min(available_bytes() / 2.0) / bytes_each }
    }

    pub(crate) fn holds(self, tasks: u64) -> bool {
        float(tasks) <= self.tasks
    }

    /// The largest power of ten of tasks that it holds.
    pub(crate) fn window(self) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small, and at least one")]
        let tasks = self.tasks.max(1.0) as usize;
        10_usize.pow(tasks.ilog10())
    }
}

fn available_bytes() -> f64 {
    let info = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = info.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
    kib.map_or(f64::INFINITY, |kib: u64| float(kib) * 1024.0)
}
