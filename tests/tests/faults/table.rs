//! `docs/faults.md` and the tests that it names are one list.
//!
//! 1. A row has a fault, what its caller sees, what happens to the others, and links to its tests; no cell is empty.
//! 2. A link's text is the module and the name of a test, and it leads to the file in which that stands.
//! 3. A fault that is tried here is tried over both links, unless its test says that it is not.
//! 4. Each test of this program but those of this file has one row, and none is ignored.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::Outcome;

/// Where links start.
const DOCS: &str = "../docs";

/// Where the tests of this program are.
const FOLDER: &str = "../tests/tests/faults/";

/// What the tests of both links are below.
const LINKS: [&str; 2] = ["over_shared_memory", "over_ipc_channel"];

#[test]
fn the_table_and_the_tests_agree() -> Outcome {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCS);
    let table = fs::read_to_string(docs.join("faults.md"))?;
    let source = |file: &str| fs::read_to_string(docs.join(file)).ok();
    let wrong = disagreements(&table, source, &tests(&[])?, &tests(&["--ignored"])?);
    assert!(wrong.is_empty(), "{} disagreements:\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}

/// The tests of this very program, so that nothing counts that the compiler has not seen.
fn tests(which: &[&str]) -> io::Result<BTreeSet<String>> {
    let output = Command::new(std::env::current_exe()?).args(["--list", "--format=terse"]).args(which).output()?;
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8_lossy(&output.stdout);
    Ok(lines.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}

/// What is wrong with a table, given the sources by their paths, and the tests of this program.
fn disagreements(
    table: &str,
    source: impl Fn(&str) -> Option<String>,
    tests: &BTreeSet<String>,
    ignored: &BTreeSet<String>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut named = Vec::new();
    for line in table.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        match cells[..] {
            ["fault", ..] => {}
            [rule, ..] if rule.starts_with("---") => {}
            [fault, sees, others, links] => {
                if ![fault, sees, others, links].into_iter().all(|cell| cell.contains(char::is_alphabetic)) {
                    wrong.push(format!("an empty cell: {line}"));
                }
                for link in links.split(", ") {
                    match parts_of(link) {
                        Some((test, file)) => {
                            wrong.extend(wrong_with(test, file, source(file), tests));
                            named.extend(file.starts_with(FOLDER).then_some(test));
                        }
                        None => wrong.push(format!("no link to a test: {link:?}")),
                    }
                }
            }
            _ => wrong.push(format!("not four cells: {line}")),
        }
    }
    for test in tests.iter().filter(|test| !test.starts_with("table::")) {
        match named.iter().filter(|named| paths_of(named).contains(test)).count() {
            0 => wrong.push(format!("{test}: no row names it")),
            1 => {}
            _ => wrong.push(format!("{test}: several rows name it")),
        }
    }
    wrong.extend(ignored.iter().map(|test| format!("{test} is ignored")));
    wrong
}

/// The test and the file of a link such as ``[`module::test`](file)``.
fn parts_of(link: &str) -> Option<(&str, &str)> {
    link.strip_prefix("[`")?.strip_suffix(')')?.split_once("`](")
}

/// What is wrong with a link to a test.
fn wrong_with(test: &str, file: &str, source: Option<String>, tests: &BTreeSet<String>) -> Option<String> {
    let Some(source) = source else { return Some(format!("{test}: there is no file {file}")) };
    let (module, name) = test.split_once("::")?;
    if !file.ends_with(&format!("/{module}.rs")) {
        return Some(format!("{test}: not the name of {file}"));
    }
    let is_there = if file.starts_with(FOLDER) {
        let [own, shared, channel] = paths_of(test);
        tests.contains(&own) || tests.contains(&shared) && tests.contains(&channel)
    } else {
        is_test_in(&source, name)
    };
    (!is_there).then(|| format!("{test}: {file} has no such test"))
}

/// What a test may be called by the program: itself, and over each link.
fn paths_of(test: &str) -> [String; 3] {
    let (module, name) = test.split_once("::").unwrap_or(("", test));
    let [shared, channel] = LINKS.map(|link| format!("{module}::{link}::{name}"));
    [test.to_owned(), shared, channel]
}

/// Whether a function is a test, by itself or in a list of tests.
fn is_test_in(source: &str, name: &str) -> bool {
    let function = format!("fn {name}(");
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let is_function = lines.iter().any(|line| line.starts_with(&function));
    let is_marked = lines.windows(2).any(|pair| pair[0] == "#[test]" && pair[1].starts_with(&function));
    is_function && (is_marked || lines.contains(&name))
}

#[test]
fn every_disagreement_is_told() {
    const GOOD: &str = "| fault | sees |\n|---|---|\n\
        | a | b | c | [`m::one`](../tests/tests/faults/m.rs), [`n::other`](../tests/tests/n.rs) |";
    let source = |file: &str| match file {
        "../tests/tests/faults/m.rs" => Some(String::new()),
        "../tests/tests/n.rs" => Some("#[test]\nfn other() {}\nfn no_test() {}".to_owned()),
        _ => None,
    };
    let set = |tests: &[&str]| tests.iter().copied().map(str::to_owned).collect::<BTreeSet<_>>();
    let both = set(&["m::over_shared_memory::one", "m::over_ipc_channel::one", "table::some"]);
    let told = |table: &str, tests: &BTreeSet<String>| disagreements(table, source, tests, &set(&[])).join("\n");
    assert_eq!(told(GOOD, &both), "");
    assert_eq!(told(GOOD, &set(&["m::one"])), "");

    let one = "m::over_shared_memory::one";
    let no_such = "m::one: ../tests/tests/faults/m.rs has no such test";
    assert_eq!(told(GOOD, &set(&[one])), no_such);
    assert_eq!(told(GOOD, &set(&[])), no_such);
    assert_eq!(told("", &set(&[one])), format!("{one}: no row names it"));
    assert_eq!(told(&format!("{GOOD}\n{GOOD}"), &set(&["m::one"])), "m::one: several rows name it");
    for nothing in ["", "-", "\u{2014}"] {
        assert!(told(&GOOD.replace("| b |", &format!("| {nothing} |")), &both).starts_with("an empty cell"));
    }
    assert!(told(&GOOD.replace("| b |", "|"), &both).starts_with("not four cells"));
    assert!(told(&GOOD.replace("[`m::one`]", "m::one"), &both).starts_with("no link to a test"));
    assert_eq!(told(&GOOD.replace("n.rs", "o.rs"), &both), "n::other: there is no file ../tests/tests/o.rs");
    assert_eq!(told(&GOOD.replace("n::", "o::"), &both), "o::other: not the name of ../tests/tests/n.rs");
    for missing in ["third", "no_test"] {
        let wrong = told(&GOOD.replace("other", missing), &both);
        assert_eq!(wrong, format!("n::{missing}: ../tests/tests/n.rs has no such test"));
    }
    assert_eq!(disagreements("", source, &set(&[]), &set(&["m::one"])), ["m::one is ignored"]);
}
