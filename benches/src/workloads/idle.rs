//! A pool that has nothing to do: what it uses of the processor.

use std::collections::BTreeSet;
use std::fs;
use std::thread;
use std::time::Duration;

use crate::figure::{Figure, Sample};

/// Long enough for everybody who has worked to fall asleep.
const SETTLE: Duration = Duration::from_millis(50);

/// This process and the workers of these ids, if they are processes.
pub(crate) fn measure(workers: &BTreeSet<u64>, millis: u64) -> Vec<Sample> {
    let used = || {
        let workers: u64 = workers.iter().map(|pid| ticks(&pid.to_string())).sum();
        workers + ticks("self")
    };
    thread::sleep(SETTLE);
    let before = used();
    thread::sleep(Duration::from_millis(millis));
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let ticks = (used() - before) as f64;
    vec![Figure::IdleTicks.sample(ticks)]
}

/// utime and stime, in the kernel's ticks of 10 ms.
fn ticks(pid: &str) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("an idle worker is alive");
    // What stands before the last parenthesis is the program's name, which may contain anything.
    let (_, stat) = stat.rsplit_once(") ").expect("the kernel writes it so");
    let times = stat.split(' ').skip(11).take(2);
    times.map(|time| time.parse::<u64>().expect("a number of ticks")).sum()
}
