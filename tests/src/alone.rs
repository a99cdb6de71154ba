//! A process for one test alone, where the test counts or limits what belongs to the whole process.

use std::error::Error;
use std::process::Command;

/// Whether `test` has this process to itself; if not, it has been run in one that it has.
///
/// `test` is the whole path of the test in its program.
pub fn is_alone(test: &str) -> Result<bool, Box<dyn Error>> {
    if std::env::var_os("ALONE").is_some() {
        return Ok(true);
    }
    let this =
        Command::new(std::env::current_exe()?).args([test, "--exact", "--nocapture"]).env("ALONE", "1").output()?;
    let said = String::from_utf8_lossy(&this.stdout);
    // A path that names no test succeeds, too.
    assert!(said.contains("1 passed"), "{test} failed in a process of its own: {this:?}");
    Ok(false)
}
