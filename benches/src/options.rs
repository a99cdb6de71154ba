//! What can be said on the command line.

use clap::Parser;
use executor_bench_report::Style;

/// Measures executor-runtime beside its peers and prints one table.
#[derive(Parser, Debug)]
#[command(version)]
pub(crate) struct Options {
    /// How often everything is repeated; the table shows medians and spreads [default: 3, with --quick 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    reps: Option<u32>,

    /// A tenth of the work, once: a look in passing, not figures to quote
    #[arg(long)]
    pub(crate) quick: bool,

    /// Leave out what does not have this in its description, as in `Life` or `RoundTrip`; `Threads` are all of them
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(crate) only: String,

    /// Print the table as Markdown, as it stands in docs/performance.md
    #[arg(long)]
    markdown: bool,
}

impl Options {
    pub(crate) fn reps(&self) -> u32 {
        self.reps.unwrap_or(if self.quick { 1 } else { 3 })
    }

    pub(crate) fn style(&self) -> Style {
        if self.markdown { Style::Markdown } else { Style::Plain }
    }
}
