//! How much of the machine others used during the run. Spreads cannot be read without it.

use std::fs;

/// The kernel's counters at one moment, in its ticks.
struct Ticks {
    /// Of all processors, whoever used them.
    all: f64,
    /// Of all processors while nobody used them.
    idle: f64,
    /// Used by this process and by those of its children that it has waited for.
    ours: f64,
}

/// Counts from its making on.
pub struct Disturbance {
    start: Ticks,
}

impl Disturbance {
    pub fn start() -> Self {
        Self { start: Ticks::now() }
    }

    /// What others used so far, in percent of the machine.
    pub fn percent(&self) -> f64 {
        let now = Ticks::now();
        let all = now.all - self.start.all;
        let used = all - (now.idle - self.start.idle);
        let others = used - (now.ours - self.start.ours);
        100.0 * others.max(0.0) / all.max(1.0)
    }
}

impl Ticks {
    fn now() -> Self {
        let machine = fs::read_to_string("/proc/stat").unwrap_or_default();
        let machine = numbers(machine.lines().next().unwrap_or_default());
        let this = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        // What stands before the last parenthesis is the program's name, which may contain anything.
        let this = numbers(this.rsplit(')').next().unwrap_or_default());
        Self {
            // user, nice, system, idle, iowait, irq, softirq, steal; guests are counted in user.
            all: machine.iter().take(8).sum(),
            idle: machine.iter().skip(3).take(2).sum(),
            // utime, stime, cutime, cstime: ten numbers and the letter of the state stand before them.
            ours: this.iter().skip(10).take(4).sum(),
        }
    }
}

/// The numbers among the words of a line.
fn numbers(line: &str) -> Vec<f64> {
    line.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}
