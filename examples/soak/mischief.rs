//! What happens to the workers, and to the program, from outside.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::fd::OwnedFd;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::gauges::children;

/// How often what was done.
#[derive(Debug, Default)]
pub(crate) struct Accidents {
    /// By the workers' pids, which come again in the course of time.
    killed: BTreeMap<u32, usize>,
    stopped: u64,
    stalls: u64,
}

/// Makes mischief until it is stopped.
pub(crate) struct Mischief {
    stop: Sender<()>,
    thread: JoinHandle<Accidents>,
}

impl Mischief {
    pub(crate) fn start(mut random: fastrand::Rng) -> Self {
        let (stop, stopped) = mpsc::channel();
        let thread = thread::spawn(move || {
            let mut done = Accidents::default();
            while stopped.recv_timeout(Duration::from_millis(random.u64(5..150))) == Err(RecvTimeoutError::Timeout) {
                match random.u32(0..20) {
                    0 => done.stalls += u64::from(stall()),
                    1..4 => done.stopped += u64::from(stop_for_a_while(&mut random)),
                    _ => {
                        if let Some((pid, _)) = signal(&mut random, Signal::KILL) {
                            *done.killed.entry(pid).or_default() += 1;
                        }
                    }
                }
            }
            done
        });
        Self { stop, thread }
    }

    pub(crate) fn stop(self) -> Accidents {
        drop(self.stop);
        self.thread.join().expect("mischief does not panic")
    }
}

/// Sends a signal to a worker at random, and tells its pid and its descriptor.
fn signal(random: &mut fastrand::Rng, signal: Signal) -> Option<(u32, OwnedFd)> {
    let pids = children();
    let pid = *pids.get(random.usize(0..pids.len().max(1)))?;
    let worker = pidfd_open(Pid::from_raw(pid.cast_signed())?, PidfdFlags::empty()).ok()?;
    // Once it is open it is that process for ever, and if it is not a worker by now it never was ours.
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    if name.trim_end() != "pool-worker" {
        return None;
    }
    pidfd_send_signal(&worker, signal).ok()?;
    Some((pid, worker))
}

fn stop_for_a_while(random: &mut fastrand::Rng) -> bool {
    let Some((_, worker)) = signal(random, Signal::STOP) else { return false };
    thread::sleep(Duration::from_millis(random.u64(1..100)));
    // It may have been killed meanwhile.
    let _ = pidfd_send_signal(&worker, Signal::CONT);
    true
}

/// Has this program stand still for a moment.
fn stall() -> bool {
    let script = "kill -STOP $PPID; sleep 0.1; kill -CONT $PPID";
    Command::new("sh").args(["-c", script]).status().is_ok_and(|status| status.success())
}

impl Accidents {
    /// How many workers were killed, by their pids.
    pub(crate) fn killed(&self) -> &BTreeMap<u32, usize> {
        &self.killed
    }
}

impl fmt::Display for Accidents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { killed, stopped, stalls } = self;
        let killed: usize = killed.values().sum();
        write!(f, "{killed} workers killed, {stopped} stopped for a while, {stalls} times all of the program")
    }
}
