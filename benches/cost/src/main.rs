//! What a task costs to compile, beside a registration written by hand: one run, three tables.
//!
//! ```text
//! signature: 20 functions ─▶ way: plain, by hand, by macro ─▶ workshop: a package for each way
//!                                                                │ touched, built, timed, in turns
//!                                                                ▼
//!                                            contest ─▶ table: medians and spreads per task
//! ```

mod cargo;
mod contest;
mod dependencies;
mod expansion;
mod options;
mod signature;
mod stage;
mod table;
mod way;
mod workshop;

use std::io;
use std::process::ExitCode;

use clap::Parser;
use executor_bench_report::{Disturbance, describe, locked};

use options::Options;
use stage::Stage;
use workshop::{DECLARED, USED, Workshop};

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<()> {
    let crates = ["executor-runtime", "linkme", "postcard", "serde"].map(locked);
    println!("{}, {}", describe(), crates.join(", "));
    println!("{DECLARED} functions declared, {USED} of them used\n");
    let style = options.style();
    let workshop = Workshop::set_up()?;

    let disturbance = Disturbance::start();
    let outcome = contest::run(options, &workshop)?;
    let disturbance = disturbance.percent();
    println!("{}", table::times(&outcome, style));

    if outcome.has(Stage::Release) {
        contest::check(&workshop)?;
        println!("{}", table::sizes(&workshop, style)?);
    }
    println!("{}", table::dependencies(&dependencies::count(&workshop)?, style));
    println!("Others used {disturbance:.0} % of the machine while the builds ran.");
    Ok(())
}
