//! What can be said on the command line.

use std::path::{Path, PathBuf};

use clap::Parser;

use crate::probe::Probe;

/// Measures how executor-runtime grows, prints tables and draws the curves.
#[derive(Parser, Debug)]
#[command(version, disable_help_subcommand = true)]
pub(crate) struct Options {
    /// How often everything is repeated; tables and curves show medians
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    reps: u32,

    /// A tenth of the work, once, and pictures that leave those of the documentation alone
    #[arg(long)]
    pub(crate) quick: bool,

    /// Where the pictures go: docs/performance, or with --quick benches/target/curves
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,

    /// One measurement, as the program asks itself for it
    #[command(subcommand)]
    pub(crate) probe: Option<Probe>,
}

impl Options {
    pub(crate) fn reps(&self) -> u32 {
        if self.quick { 1 } else { self.reps }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        let usual = if self.quick { "target/curves" } else { "../docs/performance" };
        self.out.clone().unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(usual))
    }
}
