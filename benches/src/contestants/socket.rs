//! A stream socket to a child that sends everything back. No pool, so payloads are all that it does.

use executor_bench_limits::Echo;

use crate::figure::Sample;
use crate::scenario::{Scenario, Workload};
use crate::workloads::payload;

/// One repetition of a workload of payloads.
pub(super) fn measure(scenario: Scenario) -> Vec<Sample> {
    let Workload::Payload { len, calls, again } = scenario.workload else { return Vec::new() };
    let mut socket = Echo::start();
    let samples = payload::measure(|bytes| socket.echo(bytes), len, calls, again);
    socket.stop();
    samples
}
