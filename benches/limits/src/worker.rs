//! A child process that answers numbers through shared memory, and nothing else.

use std::env;
use std::io;
use std::process::{Child, Command, Stdio, exit};
use std::time::Duration;

use rustix::process::{Signal, set_parent_process_death_signal};

use crate::region::Region;
use crate::ring::SLOTS;

/// Tells a child that it is one, and how it waits. Its stdin is the region.
const VARIABLE: &str = "EXECUTOR_BENCHES_LIMIT";

/// The question after which the child ends.
const END: u64 = u64::MAX - 1;

/// What both sides do while there is nothing for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Sleep at once, in a futex.
    Parked,
    /// Look again for 50 µs, giving way each time; then sleep.
    YieldSpin,
}

impl Waiting {
    fn spin(self) -> Duration {
        match self {
            Self::Parked => Duration::ZERO,
            Self::YieldSpin => Duration::from_micros(50),
        }
    }
}

/// Answers by `answer` and never returns, if this process was started for that.
///
/// # Panics
///
/// In a child, if its stdin is no region.
pub fn run_if_child(answer: impl Fn(u64) -> u64) {
    let Ok(waiting) = env::var(VARIABLE) else { return };
    // What it waits for in shared memory does not tell it when nobody is left to ask.
    set_parent_process_death_signal(Some(Signal::KILL)).expect("a signal that there is");
    let spin = if waiting == "spin" { Waiting::YieldSpin } else { Waiting::Parked }.spin();
    let region = Region::open(io::stdin()).expect("stdin is the region");
    let (mut head, mut tail) = (0, 0);
    loop {
        match region.shared().down.read(&mut head, spin) {
            END => exit(0),
            question => region.shared().up.write(&mut tail, answer(question)),
        }
    }
}

/// One child and the parent's side of it.
#[derive(Debug)]
pub struct Worker {
    process: Child,
    region: Region,
    spin: Duration,
    asked: u32,
    answered: u32,
}

impl Worker {
    /// How many questions may be unanswered at once.
    pub const WINDOW: usize = SLOTS as usize;

    /// # Panics
    ///
    /// If this program cannot be started once more.
    pub fn start(waiting: Waiting) -> Self {
        let (region, file) = Region::create().expect("shared memory");
        let name = if waiting == Waiting::YieldSpin { "spin" } else { "park" };
        let mut command = Command::new("/proc/self/exe");
        let process =
            command.env(VARIABLE, name).stdin(Stdio::from(file)).spawn().expect("this program can be started");
        Self { process, region, spin: waiting.spin(), asked: 0, answered: 0 }
    }

    pub fn ask(&mut self, question: u64) {
        self.region.shared().down.write(&mut self.asked, question);
    }

    /// The answer to the oldest question that has none.
    pub fn answer(&mut self) -> u64 {
        self.region.shared().up.read(&mut self.answered, self.spin)
    }

    /// Tells the child to end.
    pub fn close(&mut self) {
        self.ask(END);
    }

    /// # Panics
    ///
    /// If the child did not end well.
    pub fn reap(mut self) {
        assert!(self.process.wait().expect("our own child").success());
    }
}
