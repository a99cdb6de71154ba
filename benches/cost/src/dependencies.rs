//! How many crates a program takes in with one dependency.

use std::collections::HashSet;
use std::io;
use std::ops::RangeInclusive;

use crate::cargo::Cargo;
use crate::workshop::{LOCK, OUR_LOCK, Workshop, ours};

/// A crate and what comes with it, on this machine's target.
pub(crate) struct Dependencies {
    pub(crate) of: &'static str,
    /// Named by the crate itself.
    pub(crate) direct: usize,
    /// All that are compiled before the crate; those of build scripts and macros, too. Two versions of one count twice.
    pub(crate) all: usize,
    /// Those of `all` that are not compiled for build scripts and macros only, and so can be part of the program.
    pub(crate) linked: usize,
}

/// Ours first, then the peers, in the versions that cargo chose for the benches.
pub(crate) fn count(workshop: &Workshop) -> io::Result<Vec<Dependencies>> {
    let bare = "executor-runtime, without default features";
    let crates = [
        ("executor-macros", ours("executor-macros", ""), OUR_LOCK),
        ("executor-runtime", ours("executor-runtime", ""), OUR_LOCK),
        (bare, ours("executor-runtime", ", default-features = false"), OUR_LOCK),
        ("procspawn", "procspawn = \"*\"".to_owned(), LOCK),
        ("rayon", "rayon = \"*\"".to_owned(), LOCK),
        ("threadpool", "threadpool = \"*\"".to_owned(), LOCK),
    ];
    let numbered = crates.iter().enumerate();
    numbered.map(|(number, (of, line, lock))| Dependencies::of(&workshop.lone(number, line, lock)?, of)).collect()
}

impl Dependencies {
    /// Of the one crate that the package depends on.
    fn of(package: &Cargo, name: &'static str) -> io::Result<Self> {
        let (all, linked) = (tree(package, "normal,build")?, tree(package, "normal,no-proc-macro")?);
        // The package itself is at 0, the crate at 1.
        let below = |tree: &[(usize, String)], depths: RangeInclusive<usize>| {
            let crates = tree.iter().filter(|(depth, _)| depths.contains(depth));
            crates.map(|(_, name)| name.clone()).collect::<HashSet<_>>().len()
        };
        Ok(Self {
            of: name,
            direct: below(&all, 2..=2),
            all: below(&all, 2..=usize::MAX),
            linked: below(&linked, 2..=usize::MAX),
        })
    }
}

/// Every crate and how deep it lies, as often as something depends on it.
fn tree(package: &Cargo, edges: &str) -> io::Result<Vec<(usize, String)>> {
    let output = package.run(["tree", "--quiet", "--no-dedupe", "--prefix", "depth", "--edges", edges])?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(crate_at_depth).collect())
}

/// `2serde v1.0.0 (proc-macro)`: what `cargo tree --prefix depth` prints.
fn crate_at_depth(line: &str) -> Option<(usize, String)> {
    let name = line.find(|character: char| !character.is_ascii_digit())?;
    let (depth, line) = line.split_at(name);
    let mut words = line.split_whitespace();
    Some((depth.parse().ok()?, format!("{} {}", words.next()?, words.next()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_tree_is_a_depth_and_a_crate() {
        let read = |line| crate_at_depth(line).map(|(depth, name)| format!("{depth}: {name}"));
        assert_eq!(read("12serde_derive v1.0.2 (proc-macro)").as_deref(), Some("12: serde_derive v1.0.2"));
        assert_eq!(read("0lone3 v0.0.0 (/target/cost/lone/lone3)").as_deref(), Some("0: lone3 v0.0.0"));
        assert_eq!(read(""), None);
    }
}
