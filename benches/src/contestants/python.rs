//! Python's `concurrent.futures`, measured by `python/peer.py` in an interpreter of its own.

use std::process::Command;

use crate::figure::{Figure, Sample};
use crate::scenario::{Scenario, Workload};
use crate::surroundings::Surroundings;

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
    let (workload, count) = match scenario.workload {
        Workload::RoundTrip { calls } => ("round-trip", calls),
        Workload::Burst { tasks } if tasks > 100_000 => return Vec::new(),
        Workload::Burst { tasks } => ("burst", tasks),
        Workload::IdleTrip { calls } => ("idle-trip", calls),
        Workload::Life { lives } => ("life", lives),
        Workload::Map { .. } | Workload::Work { .. } | Workload::Payload { .. } => return Vec::new(),
    };
    let output = Command::new("python3")
        .args([SCRIPT, scenario.place.name(), start_method, workload])
        .args([scenario.workers.to_string(), count.to_string()])
        .output()
        .expect("python3 was there when it was asked for its version");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("the script prints ASCII");
    lines.lines().map(read).collect()
}

/// A line is a figure's key and a number.
fn read(line: &str) -> Sample {
    let sample = line.split_once(' ').and_then(|(key, value)| {
        let figure = Figure::ALL.into_iter().find(|figure| figure.key() == key)?;
        Some(figure.sample(value.parse().ok()?))
    });
    sample.unwrap_or_else(|| panic!("no figure in the script's line {line:?}"))
}
