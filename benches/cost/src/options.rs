//! What can be said on the command line.

use clap::Parser;
use executor_bench_report::Style;

/// Measures what a task costs to compile, beside a registration written by hand.
#[derive(Parser, Debug)]
#[command(version)]
pub(crate) struct Options {
    /// How often everything is repeated, release builds only every second time; the table shows medians and spreads
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) reps: u32,

    /// Leave the release builds out, which take most of the time
    #[arg(long)]
    pub(crate) quick: bool,

    /// Print the tables as Markdown, as they stand in docs/performance.md
    #[arg(long)]
    markdown: bool,
}

impl Options {
    pub(crate) fn style(&self) -> Style {
        if self.markdown { Style::Markdown } else { Style::Plain }
    }
}
