//! The line above the table: where, when and with what it was measured.

use std::fs;
use std::thread::available_parallelism;

/// What cargo chose for this very build.
const LOCK: &str = include_str!("../Cargo.lock");

/// Several lines, the last one without an end.
pub(crate) fn describe(python: Option<&str>) -> String {
    let peers = ["procspawn", "ipc-channel", "rayon", "threadpool", "oneshot"];
    let peers: Vec<_> = peers.iter().map(|name| format!("{name} {}", locked(name))).collect();
    format!(
        "{date}, {cpu}, {cores} cores, Linux {kernel}, load average {load}\n\
         {rustc}, executor-runtime {ours}, {peers}, {python}",
        date = jiff::Timestamp::now().strftime("%Y-%m-%d"),
        cpu = cpu(),
        cores = available_parallelism().map_or(0, usize::from),
        kernel = first_word("/proc/sys/kernel/osrelease"),
        load = first_word("/proc/loadavg"),
        rustc = env!("RUSTC_VERSION"),
        ours = locked("executor-runtime"),
        peers = peers.join(", "),
        python = python.unwrap_or("no Python"),
    )
}

/// The version of a crate. Where there are two of one name, the newer is the one that is used here.
fn locked(name: &str) -> &'static str {
    let packages = LOCK.split("[[package]]");
    let version = packages.filter_map(|package| {
        let mut lines = package.trim_start().lines();
        let is_it = lines.next()? == format!("name = \"{name}\"");
        lines.next()?.strip_prefix("version = \"")?.strip_suffix('"').filter(|_| is_it)
    });
    version.last().unwrap_or("of unknown version")
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
