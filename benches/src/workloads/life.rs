//! A pool from its start to its end.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::memory::Memory;
use crate::contestants::pool::{ProcessPool, first_results};
use crate::figure::{Figure, Sample};

/// Long enough for a worker that has answered to fall asleep.
const IDLE: Duration = Duration::from_millis(20);

pub(super) fn measure<P: ProcessPool>(workers: usize) -> Vec<Sample> {
    let started = Instant::now();
    let pool = P::start(workers);
    let pids = first_results(&pool, workers);
    let mut samples = vec![Figure::StartUp.sample(millis(started))];

    thread::sleep(IDLE);
    for pid in &pids {
        let memory = Memory::of(*pid);
        samples.extend([Figure::Pss.sample(memory.pss_kib), Figure::Private.sample(memory.private_kib)]);
    }

    let started = Instant::now();
    pool.stop();
    samples.push(Figure::ShutDown.sample(millis(started)));
    for pid in pids {
        assert!(!Path::new(&format!("/proc/{pid}")).exists(), "worker {pid} outlived its pool");
    }
    samples
}

fn millis(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1e3
}
