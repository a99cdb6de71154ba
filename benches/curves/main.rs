//! How executor-runtime grows: what a task costs, in time and memory, with more tasks, more workers and larger payloads.
//!
//! ```text
//! curves ──▶ for each repetition, for each size, for each curve:
//!              curves PROBE .. (a process of its own) ──▶ a number
//!        ──▶ medians ──▶ tables, verdicts, docs/performance/*.svg
//! ```
//!
//! A process of its own, since what an allocator keeps of one measurement would be missing in the next one's memory.

mod axis;
mod burst;
mod crew;
mod curve;
mod footprint;
mod gate;
mod growth;
mod options;
mod payload;
mod picture;
mod pool;
mod probe;
mod queue;
mod room;
mod unit;
mod verdict;
#[path = "../src/watchdog.rs"]
mod watchdog;

use std::fs;

use clap::Parser;
use executor_bench_report::{Disturbance, Grid, Style, describe, locked};

use growth::Growth;
use options::Options;

fn main() {
    executor_bench_limits::run_if_echo();
    let options = Options::parse();
    if let Some(probe) = options.probe {
        let measured = watchdog::limited(&format!("{probe:?}"), || probe.measure());
        println!("{measured:e}");
        return;
    }
    println!("{}, {}\n", describe(), locked("executor-runtime"));
    let disturbance = Disturbance::start();
    let mut verdicts = Grid::new(["figure", "least", "most", "most / least", "target", "verdict"]);
    let folder = options.folder();
    fs::create_dir_all(&folder).expect("the folder of the pictures can be made");
    for mut growth in Growth::all(&options) {
        growth.measure(options.reps());
        println!("{}", growth.table());
        verdicts.group(growth.verdicts());
        let file = folder.join(growth.name).with_extension("svg");
        picture::draw(&growth, &file).expect("the picture can be written");
    }
    println!("{}", verdicts.set(Style::Markdown));
    println!("The pictures are in {}.", folder.display());
    println!("Others used {:.0} % of the machine meanwhile.", disturbance.percent());
}

/// For figures far below 2^52.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn float(n: u64) -> f64 {
    n as f64
}

/// The middle one; the upper of two.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
