//! Everything at once, for as long as one likes: `cargo run --release --example soak -- --minutes 60 --seed 1`.
//!
//! Several threads submit tasks of all kinds to pools that come and go: some tasks are quick, some long, some large; some
//! panic, abort, exit or never end. Meanwhile workers are killed and stopped at random, tasks are cancelled and killed, and
//! the program itself stands still now and then. In the end every task is accounted for: what was submitted is what has
//! ended, as a value that is right or as an error that has a cause: one that lies in this kind of task, or one of those
//! that were set here, of which an account is kept, too. Between two pools nothing is left: no process and no
//! descriptor; and the memory does not grow. A picture shows all three over time.
//!
//! The exit code is 1 if anything was lost, wrong or left behind.

mod account;
mod causes;
mod gauges;
mod mischief;
mod patience;
mod pools;
mod tasks;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use executor_examples::exit_code;

use crate::account::Account;
use crate::gauges::Gauges;
use crate::mischief::Mischief;

/// Runs tasks of all kinds under random trouble, and accounts for every one of them.
#[derive(Parser)]
struct Options {
    /// For how long.
    #[arg(long, default_value_t = 1.0, value_name = "N")]
    minutes: f64,
    /// Of the random choices. What the scheduler does is not repeated by it.
    #[arg(long, default_value_t = 1, value_name = "S")]
    seed: u64,
    /// Where the picture goes.
    #[arg(long, default_value = "target/soak.svg", value_name = "FILE")]
    picture: PathBuf,
}

fn main() -> ExitCode {
    exit_code(run(&Options::parse()))
}

fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    // Failures are counted here, and the log is nobody's; panics of tasks are meant.
    executor_runtime::set_unobserved_failure_hook(|_| {});
    let began = Instant::now();
    let end = began + Duration::try_from_secs_f64(60.0 * options.minutes)?;
    let mut random = fastrand::Rng::with_seed(options.seed);
    let account = Account::default();

    let gauges = Gauges::start(began);
    let mischief = Mischief::start(random.fork());
    let mut pools = 0;
    while Instant::now() < end {
        pools::run_one(&mut random, end, &account)?;
        pools += 1;
        gauges.at_rest()?;
    }
    let accidents = mischief.stop();
    let gauges = gauges.stop();

    println!("{account}");
    println!("{pools} pools, {accidents}, seed {}, {:.0?}", options.seed, began.elapsed());
    println!("{gauges}");
    gauges.draw(&options.picture)?;
    account.check(accidents.killed())?;
    gauges.check()?;
    println!("nothing was lost and nothing is left");
    Ok(ExitCode::SUCCESS)
}
