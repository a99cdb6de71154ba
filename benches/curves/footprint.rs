//! What processes take of the machine's memory, as the kernel counts it.

use std::fs;

use crate::float;

/// The pages of all these processes in bytes; of one that others share, its share.
pub(crate) fn bytes(pids: impl IntoIterator<Item = u32>) -> f64 {
    pids.into_iter().map(|pid| float(1024 * pss_kib(pid))).sum()
}

fn pss_kib(pid: u32) -> u64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("the process is alive");
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
    number.unwrap_or_else(|| panic!("no PSS in {rollup:?}"))
}
