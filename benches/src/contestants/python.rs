//! Python's `concurrent.futures`, measured by `python/peer.py` in an interpreter of its own.

use std::process::Command;

use crate::figure::{Figure, Sample};
use crate::scenario::{Place, Scenario, Shape, Workload};
use crate::surroundings::Surroundings;
use crate::workloads::speed_up;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/peer.py");

/// The interpreter's version, if there is one.
pub(crate) fn version() -> Option<String> {
    let output = Command::new("python3").arg("--version").output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| version.trim().to_owned())
}

/// Has the script measure one scenario.
pub(crate) fn measure(start_method: &str, scenario: Scenario) -> Vec<Sample> {
    // The program that starts its workers is another one, and as large as ever.
    if scenario.surroundings == Surroundings::Ballast {
        return Vec::new();
    }
    let (workload, amount) = match scenario.workload {
        Workload::RoundTrip { calls } => ("round-trip", calls.to_string()),
        Workload::Burst { tasks } if tasks <= 50_000 || scenario.place == Place::Threads => {
            ("burst", tasks.to_string())
        }
        Workload::IdleTrip { calls } => ("idle-trip", calls.to_string()),
        Workload::Map { items, shape: Shape::Numbers } => ("map", items.to_string()),
        // A large one would take it half a second.
        Workload::Payload { len, calls, again: false } if len <= 1 << 20 => ("payload", format!("{calls}x{len}")),
        Workload::Life { lives } => ("life", lives.to_string()),
        Workload::SpeedUp { tasks, mixed } => ("speed-up", words(&speed_up::lengths(tasks, mixed))),
        Workload::Sleeps { tasks } => ("sleeps", tasks.to_string()),
        _ => return Vec::new(),
    };
    let output = Command::new("python3")
        .args([SCRIPT, scenario.place.name(), start_method, workload, &scenario.workers.to_string(), &amount])
        .output()
        .expect("python3 was there when it was asked for its version");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("the script prints ASCII");
    lines.lines().map(read).collect()
}

/// Numbers as one argument.
fn words(numbers: &[u64]) -> String {
    let words: Vec<_> = numbers.iter().map(u64::to_string).collect();
    words.join(",")
}

/// A line is a figure's key and a number.
fn read(line: &str) -> Sample {
    let sample = line.split_once(' ').and_then(|(key, value)| {
        let figure = Figure::ALL.into_iter().find(|figure| figure.key() == key)?;
        Some(figure.sample(value.parse().ok()?))
    });
    sample.unwrap_or_else(|| panic!("no figure in the script's line {line:?}"))
}
