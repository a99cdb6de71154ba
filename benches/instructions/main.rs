//! How many instructions the hot paths take: a regression shows here on a machine that is too noisy for a clock.
//!
//! ```text
//! instructions ──▶ for each path, twice (few and many tasks):
//!                    valgrind --tool=callgrind instructions PATH COUNT ──▶ its total
//!                  (many - few) / (difference of tasks) ──▶ table, beside instructions.txt
//! ```
//!
//! The difference takes start and end of the program away. Worker processes cannot be started under valgrind, which knows
//! no pidfd (3.19), so the half of a process pool that can be counted is what becomes bytes and what comes of them.

mod path;

use std::fmt::Write;
use std::fs;
use std::process::{Command, ExitCode};

use clap::Parser;
use executor_bench_report::{Grid, Style};

use path::Path;

const RECORD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.txt");

/// Counts the instructions of the hot paths and compares them with `benches/instructions.txt`.
#[derive(Parser, Debug)]
#[command(version)]
struct Options {
    /// Write what was counted to the file instead of comparing
    #[arg(long)]
    record: bool,

    /// How much more than recorded is a regression, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 10.0)]
    tolerance: f64,

    /// Run one path, as valgrind has it done
    #[arg(hide = true, requires = "count")]
    path: Option<Path>,

    #[arg(hide = true)]
    count: Option<u64>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if let (Some(path), Some(count)) = (options.path, options.count) {
        path.run(count);
        return ExitCode::SUCCESS;
    }
    let record = fs::read_to_string(RECORD).unwrap_or_default();
    let mut grid = Grid::new(["path", "instructions a task", "recorded", "change", ""]);
    let mut counted = String::new();
    let mut worse = false;
    for path in Path::ALL {
        let now = path.per_task();
        writeln!(counted, "{} {now:.0}", path.name()).expect("a string takes everything");
        let before = recorded(&record, path);
        let change = before.map(|before| 100.0 * (now / before - 1.0));
        let is_worse = change.is_some_and(|change| change > options.tolerance);
        worse |= is_worse;
        grid.group([[
            path.name().to_owned(),
            format!("{now:.0}"),
            before.map_or("—".to_owned(), |before| format!("{before:.0}")),
            change.map_or("—".to_owned(), |change| format!("{change:+.1} %")),
            if is_worse { "worse" } else { "" }.to_owned(),
        ]]);
    }
    print!("{}", grid.set(Style::Markdown));
    if options.record {
        fs::write(RECORD, counted).expect("the file can be written");
        return ExitCode::SUCCESS;
    }
    if worse { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn recorded(record: &str, path: Path) -> Option<f64> {
    let mut lines = record.lines().filter_map(|line| line.split_once(' '));
    lines.find(|(name, _)| *name == path.name())?.1.parse().ok()
}

/// All instructions of this program while it runs a path.
fn instructions(path: Path, count: u64) -> f64 {
    let program = std::env::current_exe().expect("the program knows its place");
    let output = Command::new("timeout")
        .args(["120", "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args([path.name(), &count.to_string()])
        .output()
        .expect("timeout and valgrind are installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let total = said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    total.unwrap_or_else(|| panic!("callgrind tells no total: {said}"))
}
