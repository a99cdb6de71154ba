//! What can be said on the command line.

use clap::Parser;
use executor_bench_report::Style;

/// Measures executor-runtime beside its peers and prints one table.
#[derive(Parser, Debug)]
#[command(version)]
pub(crate) struct Options {
    /// How often everything is repeated; the table shows medians and spreads
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) reps: u32,

    /// A tenth of the work: a look in passing, not figures to quote
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
    pub(crate) fn style(&self) -> Style {
        if self.markdown { Style::Markdown } else { Style::Plain }
    }
}
