//! The programs keep their promises: each test runs one as a user would.
//!
//! `cargo test` builds the programs before these tests; `cargo test --test programs` alone does not.
#![expect(clippy::unwrap_used, reason = "tests")]

mod checksums;
mod fetch;
mod mandelbrot;
mod program;
mod quickstart;

use program::{run, text};

#[test]
fn every_program_explains_itself() {
    for program in ["quickstart", "checksums", "fetch", "mandelbrot"] {
        let output = run(program, ["--help"]);
        assert!(output.status.success(), "{program}: {output:?}");
        assert!(text(&output.stdout).contains(&format!("Usage: {program}")), "{program}: {output:?}");
    }
}
