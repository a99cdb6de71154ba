//! A pool from its start to its end.

use std::collections::BTreeSet;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::memory::Memory;
use crate::figure::{Figure, Sample};

/// Long enough for a worker that has answered to fall asleep.
const IDLE: Duration = Duration::from_millis(20);

/// `start` returns when each of the workers has given a first result, and says who they are.
pub(crate) fn measure<P>(start: impl FnOnce() -> (P, BTreeSet<u64>), stop: impl FnOnce(P)) -> Vec<Sample> {
    let started = Instant::now();
    let (pool, pids) = start();
    let mut samples = vec![Figure::StartUp.sample(millis(started))];

    thread::sleep(IDLE);
    for pid in &pids {
        let memory = Memory::of(*pid);
        samples.extend([Figure::Pss.sample(memory.pss_kib), Figure::Private.sample(memory.private_kib)]);
    }

    let started = Instant::now();
    stop(pool);
    samples.push(Figure::ShutDown.sample(millis(started)));
    for pid in pids {
        assert!(!Path::new(&format!("/proc/{pid}")).exists(), "worker {pid} outlived its pool");
    }
    samples
}

fn millis(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1e3
}
