//! What a task costs on executor-runtime and on its peers: one run, one table.
//!
//! ```text
//! contest: for each repetition, for each scenario, for each contestant
//!            │ a fresh pool, warmed up, measured, its results checked, stopped
//!            ▼
//!          samples ──▶ table: medians, spreads, ours / peer
//! ```
//!
//! The contestants take turns within each scenario, so that a slow moment of the
//! machine hits all of them. All Rust contestants go through the very same
//! measuring code; Python's goes through its twin in `python/peer.py`.

mod contest;
mod contestants;
mod figure;
mod options;
mod scenario;
mod surroundings;
mod table;
mod target;
mod watchdog;
mod workloads;

use clap::Parser;
use executor_bench_limits::{Counted, run_if_spawned};
use executor_bench_report::{Disturbance, describe, locked};

use contestants::{ipc_channel, python, shared_memory, tasks};
use options::Options;

#[global_allocator]
static COUNTED: Counted = Counted;

fn main() {
    // The least that a process can do comes first.
    run_if_spawned(|micros| {
        tasks::busy(micros);
    });
    // The children of all these come through here and never return. Ours do not: they
    // are workers before `main`.
    procspawn::init();
    ipc_channel::run_if_child();
    shared_memory::run_if_child();
    executor_bench_limits::run_if_echo();

    let options = Options::parse();
    let python = python::version();
    let crates = [
        "executor-runtime",
        "procspawn",
        "ipc-channel",
        "rayon",
        "crossbeam-channel",
        "threadpool",
        "rusty_pool",
        "tokio",
        "oneshot",
    ]
    .map(locked);
    println!("{}, {}, {}", describe(), crates.join(", "), python.as_deref().unwrap_or("no Python"));
    if python.is_none() {
        println!("no `python3` found: its rows are skipped");
    }
    println!();
    let disturbance = Disturbance::start();
    let results = contest::run(&options, python.is_some());
    let disturbance = disturbance.percent();
    println!("{}", target::render(&results, options.style()));
    println!("{}", table::render(&results, options.style()));
    println!("Others used {disturbance:.0} % of the machine meanwhile.");
}
