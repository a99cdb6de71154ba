//! How much source text the macros add.

use std::io;

use crate::stage::Part;
use crate::table::float;
use crate::way::Way;
use crate::workshop::{DECLARED, Workshop};

/// The lines of a task after all macros, with those of the function itself, as the compiler prints them.
pub(crate) fn lines_per_task(workshop: &Workshop, way: Way) -> io::Result<f64> {
    // A target directory of its own: build scripts of dependencies look at the variable, and would run again.
    let directory = ["--profile", "check", "--target-dir", "target/expanded"];
    let arguments = ["rustc"].into_iter().chain(directory).chain(Part::Declared.arguments(way.name()));
    let arguments = arguments.chain(["--", "-Zunpretty=expanded"]);
    // Only nightly compilers print it unasked.
    let output = workshop.cargo().run_with(arguments, |cargo| {
        cargo.env("RUSTC_BOOTSTRAP", "1");
    })?;
    let text = String::from_utf8_lossy(&output.stdout);
    let lines = text.lines().filter(|line| !line.trim().is_empty()).count();
    Ok(float(lines) / float(DECLARED))
}
