//! What a process costs in memory, as the kernel counts it.

use std::fs;

pub(super) struct Memory {
    /// Its own pages, and of each shared one its share.
    pub(super) pss_kib: f64,
    /// Its own pages only: what its end would give back.
    pub(super) private_kib: f64,
}

impl Memory {
    pub(super) fn of(pid: u64) -> Self {
        let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("an idle worker is alive");
        let sum = |prefix| {
            let lines = rollup.lines().filter(|line| line.starts_with(prefix));
            lines.map(kib).sum()
        };
        Self { pss_kib: sum("Pss:"), private_kib: sum("Private_") }
    }
}

/// The number of a line like `Pss:  123 kB`.
fn kib(line: &str) -> f64 {
    let number = line.split_whitespace().nth(1).and_then(|number| number.parse().ok());
    number.unwrap_or_else(|| panic!("no number in {line:?}"))
}
