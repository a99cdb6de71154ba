//! `docs/python-parity.md` and the tests that it names are one list.
//!
//! 1. The list has each definition of CPython's suite once, then under a heading of their own those of loky and pebble
//!    that are ours, too, and no empty cell.
//! 2. What is about Python alone is `not applicable` and names no test; all else is `same` or `differs`, and names one.
//! 3. The test of a row says in the first line of its docs which of CPython's, loky's or pebble's it is; one that
//!    differs says below that line how.
//! 4. It is in this program: for threads and for processes where upstream runs it for several executors.
//! 5. A test that says so has its row, and no test is ignored.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use executor_tests::watchdog::limited;

use crate::Outcome;
use crate::upstream::{CPYTHON, Executors, Mark, OTHERS, Suite};

/// What comes before the rows that are not CPython's.
const OTHERS_HEADING: &str = "\n## From loky and pebble\n";

/// Whose tests ours say that they are.
const ORIGINS: [&str; 3] = ["CPython", "loky", "pebble"];

#[test]
fn the_list_and_the_tests_agree() -> Outcome {
    limited(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let list = fs::read_to_string(root.join("../docs/python-parity.md"))?;
        let mut sources = BTreeMap::new();
        for entry in fs::read_dir(root.join("tests/python"))? {
            let path = entry?.path();
            let module = path.file_stem().expect("a name").to_string_lossy().into_owned();
            sources.insert(module, fs::read_to_string(&path)?);
        }
        let faults = faults(&list, [&CPYTHON, &OTHERS], &sources, &Program::this()?);
        assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
        Ok(())
    })
}

/// The tests that a program has, by their paths.
struct Program {
    tests: BTreeSet<String>,
    ignored: BTreeSet<String>,
}

impl Program {
    /// Asks this very program, so that nothing counts that the compiler has not seen.
    fn this() -> io::Result<Self> {
        let list = |which: &[&str]| -> io::Result<BTreeSet<String>> {
            let output =
                Command::new(std::env::current_exe()?).args(["--list", "--format=terse"]).args(which).output()?;
            assert!(output.status.success(), "{output:?}");
            let lines = String::from_utf8_lossy(&output.stdout);
            Ok(lines.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
        };
        Ok(Self { tests: list(&[])?, ignored: list(&["--ignored"])? })
    }
}

/// What is wrong with a list of CPython's tests and those of others, given the sources of ours by their modules.
fn faults(list: &str, suites: [&[Suite]; 2], sources: &BTreeMap<String, String>, program: &Program) -> Vec<String> {
    let mut faults = Vec::new();
    let mut tests = Vec::new();
    for (module, source) in sources {
        tests.extend(tests_in(module, source, &mut faults));
    }
    let (cpython, others) = list.split_once(OTHERS_HEADING).unwrap_or((list, ""));
    let mut rows = Vec::new();
    for (part, suites) in [cpython, others].into_iter().zip(suites) {
        let part = rows_of(part, &mut faults);
        compare(&part, &definitions_of(suites), &tests, program, &mut faults);
        rows.extend(part);
    }
    for Test { path, upstream, .. } in &tests {
        if !rows.iter().any(|row| row.upstream == upstream && row.ours == path) {
            faults.push(format!("{path}: no row of {upstream} names it"));
        }
    }
    faults.extend(program.ignored.iter().map(|test| format!("{test} is ignored")));
    faults
}

/// Compares the rows of one part of the list with the definitions that it must have.
fn compare(rows: &[Row<'_>], definitions: &[Definition], tests: &[Test], program: &Program, faults: &mut Vec<String>) {
    for definition in definitions {
        let name = &definition.name;
        match rows.iter().filter(|row| row.upstream == name).collect::<Vec<_>>()[..] {
            [] => faults.push(format!("{name}: no row")),
            [row] => {
                let wrong = row.faults(definition, tests, program);
                faults.extend(wrong.into_iter().map(|fault| format!("{name}: {fault}")));
            }
            [..] => faults.push(format!("{name}: several rows")),
        }
    }
    for Row { upstream, .. } in rows {
        if !definitions.iter().any(|definition| definition.name == *upstream) {
            faults.push(format!("{upstream}: a row, but no such test upstream"));
        }
    }
}

/// A test upstream.
struct Definition {
    /// Class and test of CPython, origin and test of the others.
    name: String,
    executors: Executors,
    mark: Mark,
}

/// A row of the list.
struct Row<'a> {
    upstream: &'a str,
    ours: &'a str,
    verdict: &'a str,
}

/// A test that says which of CPython's, loky's or pebble's it is.
struct Test {
    /// `module::function`, as the list has it.
    path: String,
    /// As the name of a definition.
    upstream: String,
    /// Its docs do not end with that.
    says_more: bool,
}

impl Row<'_> {
    fn faults(&self, definition: &Definition, tests: &[Test], program: &Program) -> Vec<String> {
        let Self { ours, verdict, .. } = *self;
        match (definition.mark, verdict) {
            (Mark::PythonOnly, "not applicable") if ours == "none" => return vec![],
            (Mark::PythonOnly, _) => return vec![format!("is Python's alone, but {verdict:?} and names {ours}")],
            (Mark::AsItIs | Mark::Adapted, "same" | "differs") => {}
            (Mark::AsItIs | Mark::Adapted, _) => return vec![format!("{verdict:?} is no verdict for it")],
        }
        let Some(test) = tests.iter().find(|test| test.path == ours) else {
            return vec![format!("there is no test {ours}")];
        };
        let mut faults = Vec::new();
        if test.upstream != definition.name {
            faults.push(format!("{ours} says that it is {}", test.upstream));
        }
        if verdict == "differs" && !test.says_more {
            faults.push(format!("{ours} does not say how it differs"));
        }
        let missing = test.paths_for(definition.executors).into_iter().filter(|path| !program.tests.contains(path));
        faults.extend(missing.map(|path| format!("{path} is not run")));
        faults
    }
}

impl Test {
    /// What a program calls it that runs it for those executors.
    fn paths_for(&self, executors: Executors) -> Vec<String> {
        match (executors, self.path.split_once("::")) {
            (Executors::Several, Some((module, function))) => {
                ["threads", "processes"].map(|backend| format!("{module}::{backend}::{function}")).to_vec()
            }
            _ => vec![self.path.clone()],
        }
    }
}

fn definitions_of(suites: &[Suite]) -> Vec<Definition> {
    let definitions = suites.iter().flat_map(|&Suite { class, executors, tests }| {
        tests.iter().map(move |&(mark, test)| Definition { name: format!("{class}.{test}"), executors, mark })
    });
    definitions.collect()
}

/// The rows of all tables, without their heads.
fn rows_of<'a>(list: &'a str, faults: &mut Vec<String>) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    for line in list.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        match cells[..] {
            ["CPython" | "loky, pebble", ..] => {}
            [rule, ..] if rule.starts_with("---") => {}
            [upstream, ours, verdict, why] => {
                if ![upstream, ours, verdict, why].into_iter().all(has_words) {
                    faults.push(format!("an empty cell: {line}"));
                }
                rows.push(Row { upstream, ours, verdict });
            }
            _ => faults.push(format!("not four cells: {line}")),
        }
    }
    rows
}

/// Whether there is more than signs.
fn has_words(text: &str) -> bool {
    text.contains(char::is_alphabetic)
}

/// The tests of one module that say which of CPython's, loky's or pebble's they are.
fn tests_in(module: &str, source: &str, faults: &mut Vec<String>) -> Vec<Test> {
    let mut tests = Vec::new();
    let mut docs: Vec<&str> = Vec::new();
    for line in source.lines() {
        if let Some(doc) = line.trim_start().strip_prefix("///") {
            if names_an_origin(doc) && (!docs.is_empty() || upstream_in(doc).is_none()) {
                faults.push(format!("{module}: not the first line of its docs, or not in their form: {line}"));
            }
            docs.push(doc);
        } else if !line.starts_with("#[") {
            if let Some((upstream, more)) = docs.split_first().and_then(|(doc, more)| Some((upstream_in(doc)?, more))) {
                match function_in(line) {
                    None => faults.push(format!("{module}: {upstream} is no function")),
                    Some(function) => tests.push(Test {
                        path: format!("{module}::{function}"),
                        upstream,
                        says_more: more.iter().copied().any(has_words),
                    }),
                }
            }
            docs.clear();
        }
    }
    tests
}

fn names_an_origin(doc: &str) -> bool {
    ORIGINS.iter().any(|origin| doc.contains(&format!("{origin}: ")))
}

/// What a line of docs says that a test is.
fn upstream_in(doc: &str) -> Option<String> {
    let (origin, name) = doc.strip_prefix(' ')?.strip_suffix("`.")?.split_once(": `")?;
    let name = match origin {
        "CPython" => name.to_owned(),
        // They have no two tests of one name.
        _ => format!("{origin}.{name}"),
    };
    let (class, test) = name.split_once('.')?;
    (ORIGINS.contains(&origin) && !class.is_empty() && test.starts_with("test_")).then_some(name)
}

fn function_in(line: &str) -> Option<&str> {
    line.strip_prefix("fn ")?.split(['(', '<']).next()
}

/// The faults of a list and one module, `file`, where upstream has these suites and the program these tests.
fn told(list: &str, source: &str, suites: [&[Suite]; 2], tests: &[&str]) -> String {
    let sources = BTreeMap::from([("file".to_owned(), source.to_owned())]);
    let tests = tests.iter().copied().map(str::to_owned).collect();
    faults(list, suites, &sources, &Program { tests, ignored: BTreeSet::new() }).join("\n")
}

const fn suite(class: &'static str, executors: Executors, tests: &'static [(Mark, &'static str)]) -> Suite {
    Suite { class, executors, tests }
}

#[test]
fn every_disagreement_is_told() {
    const HEAD: &str = "| CPython | ours | verdict | why |\n|---|---|---|---|\n";
    const GOOD: &str = "| `A.test_b` | `file::b` | same | words |";
    const TEST: &str = "/// CPython: `A.test_b`.\n///\n/// More.\n#[test]\nfn b() {}\n";
    const SILENT: &str = "/// CPython: `A.test_b`.\n///\n#[test]\nfn b() {}\n";
    let upstream = [suite("A", Executors::One, &[(Mark::AsItIs, "test_b")])];
    let told = |rows: &str, source: &str| told(&format!("{HEAD}{rows}\n"), source, [&upstream, &[]], &["file::b"]);
    let no_row = "A.test_b: no row\nfile::b: no row of A.test_b names it";
    assert_eq!(told(GOOD, TEST), "");
    assert_eq!(told(GOOD, SILENT), "");
    assert_eq!(told(&GOOD.replace("same", "differs"), TEST), "");

    assert_eq!(told("", TEST), no_row);
    assert_eq!(told(&format!("{GOOD}\n{GOOD}"), TEST), "A.test_b: several rows");
    let invented = GOOD.replace("test_b", "test_c");
    assert_eq!(
        told(&invented, TEST),
        "A.test_b: no row\nA.test_c: a row, but no such test upstream\nfile::b: no row of A.test_b names it"
    );
    for nothing in ["", "-", "\u{2014}", "``"] {
        let empty = told(&GOOD.replace("words", nothing), TEST);
        assert!(empty.starts_with("an empty cell"), "{empty}");
    }
    let short = told("| `A.test_b` | `file::b` | same |", TEST);
    assert!(short.starts_with("not four cells") && short.ends_with(no_row), "{short}");
    for verdict in ["alike", "not applicable"] {
        let wrong = told(&GOOD.replace("same", verdict), TEST);
        assert_eq!(wrong, format!("A.test_b: {verdict:?} is no verdict for it"));
    }
    assert_eq!(told(GOOD, ""), "A.test_b: there is no test file::b");
    let does_not_say = "A.test_b: file::b does not say how it differs";
    assert_eq!(told(&GOOD.replace("same", "differs"), SILENT), does_not_say);
    assert_eq!(told(&GOOD.replace("same", "differs"), &TEST.replace("More.", "-")), does_not_say);
    let other = TEST.replace("test_b", "test_c");
    assert_eq!(told(GOOD, &other), "A.test_b: file::b says that it is A.test_c\nfile::b: no row of A.test_c names it");
    for bad in ["/// CPython: A.test_b.\nfn b() {}\n", "/// First.\n/// CPython: `A.test_b`.\nfn b() {}\n"] {
        let misplaced = told(GOOD, bad);
        assert!(misplaced.contains("not the first line of its docs, or not in their form"), "{misplaced}");
    }
    assert!(told(GOOD, "/// CPython: `A.test_b`.\nstruct B;\n").starts_with("file: A.test_b is no function"));
}

#[test]
fn what_is_pythons_alone_has_no_test() {
    let upstream = [suite("A", Executors::One, &[(Mark::PythonOnly, "test_b")])];
    let told = |row: &str| told(row, "", [&upstream, &[]], &[]);
    assert_eq!(told("| `A.test_b` | none | not applicable | words |"), "");
    assert_eq!(
        told("| `A.test_b` | `file::b` | not applicable | words |"),
        "A.test_b: is Python's alone, but \"not applicable\" and names file::b"
    );
    assert_eq!(
        told("| `A.test_b` | none | same | words |"),
        "A.test_b: is Python's alone, but \"same\" and names none"
    );
}

#[test]
fn what_is_not_compiled_does_not_count() {
    const ROW: &str = "| `A.test_b` | `file::b` | same | words |";
    const TEST: &str = "/// CPython: `A.test_b`.\nfn b() {}\n";
    let told = |executors, tests: &[&str]| {
        let upstream = [suite("A", executors, &[(Mark::AsItIs, "test_b")])];
        told(ROW, TEST, [&upstream, &[]], tests)
    };
    assert_eq!(told(Executors::One, &["file::b"]), "");
    assert_eq!(told(Executors::One, &[]), "A.test_b: file::b is not run");
    assert_eq!(told(Executors::Several, &["file::threads::b", "file::processes::b"]), "");
    assert_eq!(told(Executors::Several, &["file::threads::b"]), "A.test_b: file::processes::b is not run");
    assert_eq!(
        told(Executors::Several, &["file::b"]),
        "A.test_b: file::threads::b is not run\nA.test_b: file::processes::b is not run"
    );
    let ignored = Program { tests: BTreeSet::new(), ignored: BTreeSet::from(["file::b".to_owned()]) };
    assert_eq!(faults("", [&[], &[]], &BTreeMap::new(), &ignored), ["file::b is ignored"]);
}

#[test]
fn the_rows_of_loky_and_pebble_are_a_list_of_their_own() {
    const TESTS: &str = "/// CPython: `A.test_b`.\n#[test]\nfn b() {}\n/// loky: `test_c`.\n#[test]\nfn c() {}\n";
    const FIRST: &str = "| `A.test_b` | `file::b` | same | words |\n";
    const SECOND: &str = "| loky, pebble | ours | verdict | why |\n| `loky.test_c` | `file::c` | same | words |\n";
    let cpython = [suite("A", Executors::One, &[(Mark::AsItIs, "test_b")])];
    let others = [suite("loky", Executors::One, &[(Mark::AsItIs, "test_c")])];
    let told = |list: &str| told(list, TESTS, [&cpython, &others], &["file::b", "file::c"]);
    assert_eq!(told(&format!("{FIRST}{OTHERS_HEADING}{SECOND}")), "");
    assert_eq!(told(FIRST), "loky.test_c: no row\nfile::c: no row of loky.test_c names it");
    assert_eq!(
        told(&format!("{FIRST}{SECOND}{OTHERS_HEADING}")),
        "loky.test_c: a row, but no such test upstream\nloky.test_c: no row"
    );
    assert_eq!(told(&format!("{FIRST}{OTHERS_HEADING}{SECOND}{SECOND}")), "loky.test_c: several rows");
    assert_eq!(upstream_in(" loky: test_c."), None);
    assert_eq!(upstream_in(" joblib: `test_c`."), None);
}
