//! The lines above a table: where, when and with what it was measured.

use std::fs;
use std::thread::available_parallelism;

/// What cargo chose for the benches.
const LOCK: &str = include_str!("../../Cargo.lock");

/// Two lines, the second one to be gone on with.
pub fn describe() -> String {
    format!(
        "{date}, {cpu}, {cores} cores, Linux {kernel}, load average {load}\n{rustc}",
        date = jiff::Timestamp::now().strftime("%Y-%m-%d"),
        cpu = cpu(),
        cores = available_parallelism().map_or(0, usize::from),
        kernel = first_word("/proc/sys/kernel/osrelease"),
        load = first_word("/proc/loadavg"),
        rustc = env!("RUSTC_VERSION"),
    )
}

/// A crate and its version. Where there are two of one name, the newer is the one that is used here.
pub fn locked(name: &str) -> String {
    let packages = LOCK.split("[[package]]");
    let versions = packages.filter_map(|package| {
        let mut lines = package.trim_start().lines();
        let is_it = lines.next()? == format!("name = \"{name}\"");
        lines.next()?.strip_prefix("version = \"")?.strip_suffix('"').filter(|_| is_it)
    });
    format!("{name} {}", versions.last().unwrap_or("of unknown version"))
}

fn cpu() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or("unknown CPU", |(_, model)| model).to_owned()
}

fn first_word(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace().next().unwrap_or("unknown").to_owned()
}
