//! What the macros and the bounds of the runtime refuse, and in which words; and
//! what they take without a single warning.
//!
//! A case is one file: `fail/` with what the compiler must say about it beside
//! it, `pass/` with a `main` that is run. After a change of a message, write the
//! new ones with `TRYBUILD=overwrite cargo test -p executor-ui-tests` and read
//! the difference as a user would.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::Command;

use trybuild::TestCases;

/// The words around ours are the compiler's own and change with it.
const STATED_COMPILER: &str = "rustc 1.95.";

#[test]
fn faults_are_refused_in_these_words_and_the_rest_is_taken() {
    let cases = TestCases::new();
    cases.pass("pass/*.rs");
    let compiler = compiler();
    if compiler.starts_with(STATED_COMPILER) {
        cases.compile_fail("fail/*.rs");
    } else {
        // Not `eprintln!`: the test harness keeps that to itself when a test passes.
        let said = writeln!(
            io::stderr(),
            "SKIPPED: fail/*.rs. What they expect was written down with {STATED_COMPILER}x; this is {compiler}"
        );
        said.expect("an open stderr");
    }
}

/// What the compiler that cargo runs calls itself.
fn compiler() -> String {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    let output = Command::new(rustc).arg("--version").output().expect("cargo found the compiler to build this");
    String::from_utf8(output.stdout).expect("rustc prints text")
}
