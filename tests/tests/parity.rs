//! `docs/python-parity.md` and the tests that it names are one list.
//!
//! 1. The list has each definition of CPython's suite once, then under a heading of their own those of loky and pebble
//!    that are ours, too, and no empty cell.
//! 2. A row is `same`, `differs` or `not applicable`; only the last kind names no test.
//! 3. The test of a row exists, is run, and says in the first line of its docs which of CPython's, loky's or pebble's
//!    it is; one that differs says below that line how.
//! 4. A test that says so has its row.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// How many definitions there are in the suite of CPython 3.15.
const DEFINITIONS: usize = 155;

/// What comes before the rows that are not CPython's.
const OTHERS_HEADING: &str = "\n## From loky and pebble\n";

/// What those rows have, each once.
const OTHERS: [&str; 14] = [
    "loky.test_crash_races",
    "loky.test_exited_child",
    "loky.test_in_callback_submit_with_crash",
    "loky.test_max_depth",
    "loky.test_queue_full_deadlock",
    "loky.test_sigkill_shutdown_leaks_workers",
    "loky.test_worker_timeout_with_slowly_pickling_objects",
    "pebble.test_pool_deadlock",
    "pebble.test_pool_deadlock_stop",
    "pebble.test_pool_deadlock_stop_cancel",
    "pebble.test_process_pool_exception_isolated",
    "pebble.test_process_pool_ignoring_sigterm",
    "pebble.test_process_pool_map_timeout_chunks",
    "pebble.test_process_pool_stop_large_data",
];

/// Whose tests ours say that they are.
const ORIGINS: [&str; 3] = ["CPython", "loky", "pebble"];

#[test]
fn the_list_and_the_tests_agree() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = fs::read_to_string(root.join("../docs/python-parity.md")).expect("the list");
    let mut sources = BTreeMap::new();
    for entry in fs::read_dir(root.join("tests/python")).expect("the ported suite") {
        let path = entry.expect("an entry").path();
        let file = path.file_stem().expect("a name").to_string_lossy().into_owned();
        sources.insert(file, fs::read_to_string(&path).expect("a source file"));
    }
    let faults = faults(&list, &sources, DEFINITIONS, &OTHERS);
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// What is wrong with a list and the sources of the tests, by the names of their files.
fn faults(list: &str, sources: &BTreeMap<String, String>, definitions: usize, others: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    let (cpython, rest) = list.split_once(OTHERS_HEADING).unwrap_or((list, ""));
    let mut rows = rows_of(cpython, &mut faults);
    let mut tests = Vec::new();
    for (file, source) in sources {
        tests.extend(tests_in(file, source, &mut faults));
    }

    let listed: BTreeSet<&str> = rows.iter().map(|row| row.upstream).collect();
    if rows.len() != definitions || listed.len() != definitions {
        faults.push(format!("{} rows with {} names, not {definitions}", rows.len(), listed.len()));
    }
    let rows_of_others = rows_of(rest, &mut faults);
    let mut listed_others: Vec<&str> = rows_of_others.iter().map(|row| row.upstream).collect();
    listed_others.sort_unstable();
    if listed_others != others {
        faults.push(format!("of loky and pebble {listed_others:?}, not {others:?}"));
    }
    rows.extend(rows_of_others);

    let listed: BTreeSet<&str> = rows.iter().map(|row| row.upstream).collect();
    for row in &rows {
        faults.extend(row.fault(&tests));
    }
    for test in &tests {
        if !listed.contains(&*test.upstream) {
            faults.push(format!("{}: no row for {}", test.path, test.upstream));
        }
    }
    faults
}

/// A row of the list.
struct Row<'a> {
    upstream: &'a str,
    ours: &'a str,
    verdict: &'a str,
}

/// A test that says which of CPython's, loky's or pebble's it is.
struct Test {
    /// `file::function`, as the list has it.
    path: String,
    /// Class and test of CPython, origin and test of the others.
    upstream: String,
    /// It has the attribute, or belongs to a suite.
    is_run: bool,
    /// Its docs do not end with that.
    says_more: bool,
}

impl Row<'_> {
    fn fault(&self, tests: &[Test]) -> Option<String> {
        let Self { upstream, ours, verdict } = self;
        match (*verdict, *ours) {
            ("not applicable", "none") => None,
            ("not applicable", _) => Some(format!("{upstream}: does not apply, but names {ours}")),
            ("same" | "differs", _) => match tests.iter().find(|test| test.path == *ours) {
                None => Some(format!("{upstream}: there is no test {ours}")),
                Some(test) if test.upstream != *upstream => {
                    Some(format!("{upstream}: {ours} says that it is {}", test.upstream))
                }
                Some(test) if !test.is_run => Some(format!("{upstream}: {ours} is not run")),
                Some(test) if *verdict == "differs" && !test.says_more => {
                    Some(format!("{upstream}: {ours} does not say how it differs"))
                }
                Some(_) => None,
            },
            _ => Some(format!("{upstream}: {verdict:?} is no verdict")),
        }
    }
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
                if [upstream, ours, verdict, why].contains(&"") {
                    faults.push(format!("an empty cell: {line}"));
                }
                rows.push(Row { upstream, ours, verdict });
            }
            _ => faults.push(format!("not four cells: {line}")),
        }
    }
    rows
}

/// The tests of one file that say which of CPython's, loky's or pebble's they are.
fn tests_in(file: &str, source: &str, faults: &mut Vec<String>) -> Vec<Test> {
    let suite = suite_of(source);
    let mut tests = Vec::new();
    let (mut upstream, mut docs, mut attributes) = (None, 0, Vec::new());
    for line in source.lines() {
        if let Some(doc) = line.trim_start().strip_prefix("///") {
            if ORIGINS.iter().any(|origin| doc.contains(&format!("{origin}: "))) {
                upstream = upstream_in(line);
                if docs > 0 || upstream.is_none() {
                    faults.push(format!("{file}: not the first line of its docs, or not in their form: {line}"));
                }
            }
            docs += 1;
        } else if line.starts_with("#[") {
            attributes.push(line);
        } else {
            if let Some(upstream) = upstream.take() {
                let is_test = attributes.contains(&"#[test]");
                let is_ignored = attributes.iter().any(|attribute| attribute.starts_with("#[ignore"));
                match function_in(line) {
                    None => faults.push(format!("{file}: {upstream} is no function")),
                    Some(name) => tests.push(Test {
                        path: format!("{file}::{name}"),
                        upstream,
                        is_run: (is_test || suite.contains(name)) && !is_ignored,
                        says_more: docs > 1,
                    }),
                }
            }
            docs = 0;
            attributes.clear();
        }
    }
    tests
}

/// The functions that `suite!` of a file makes tests of.
fn suite_of(source: &str) -> BTreeSet<&str> {
    let suites = source.split("\nsuite! {").skip(1);
    suites.flat_map(|rest| rest.split('}').next().unwrap_or_default().split_whitespace()).collect()
}

/// What a line of docs says that a test is.
fn upstream_in(line: &str) -> Option<String> {
    let (origin, name) = line.strip_prefix("/// ")?.strip_suffix("`.")?.split_once(": `")?;
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

#[test]
fn every_disagreement_is_told() {
    const HEAD: &str = "| CPython | ours | verdict | why |\n|---|---|---|---|\n";
    const TEST: &str = "/// CPython: `A.test_b`.\n///\n/// More.\n#[test]\nfn b() {}\n";
    let told = |rows: &str, source: &str, definitions: usize| {
        let sources = BTreeMap::from([("file".to_owned(), source.to_owned())]);
        faults(&format!("{HEAD}{rows}\n"), &sources, definitions, &[]).join("\n")
    };
    let good = "| `A.test_b` | `file::b` | same | words |";
    assert_eq!(told(good, TEST, 1), "");
    assert_eq!(told(good, "\nsuite! {\n    b\n}\n/// CPython: `A.test_b`.\nfn b() {}\n", 1), "");
    assert_eq!(told("| `A.test_b` | none | not applicable | words |", "", 1), "");

    assert_eq!(told(good, TEST, 2), "1 rows with 1 names, not 2");
    assert_eq!(told(&format!("{good}\n{good}"), TEST, 2), "2 rows with 1 names, not 2");
    assert!(told("| `A.test_b` | `file::b` | same | |", TEST, 1).starts_with("an empty cell"));
    assert!(told("| `A.test_b` | `file::b` | same |", TEST, 0).starts_with("not four cells"));
    assert_eq!(told("| `A.test_b` | `file::b` | alike | words |", TEST, 1), "A.test_b: \"alike\" is no verdict");
    assert_eq!(told(good, "", 1), "A.test_b: there is no test file::b");
    assert_eq!(told(good, "/// CPython: `A.test_b`.\nfn b() {}\n", 1), "A.test_b: file::b is not run");
    let ignored = TEST.replace("#[test]", "#[test]\n#[ignore = \"slow\"]");
    assert_eq!(told(good, &ignored, 1), "A.test_b: file::b is not run");
    let silent = "/// CPython: `A.test_b`.\n#[test]\nfn b() {}\n";
    assert_eq!(told(good, silent, 1), "");
    assert_eq!(told(&good.replace("same", "differs"), TEST, 1), "");
    let does_not_say = "A.test_b: file::b does not say how it differs";
    assert_eq!(told(&good.replace("same", "differs"), silent, 1), does_not_say);
    let other = "/// CPython: `A.test_c`.\n#[test]\nfn b() {}\n";
    assert_eq!(told(good, other, 1), "A.test_b: file::b says that it is A.test_c\nfile::b: no row for A.test_c");
    assert_eq!(
        told("| `A.test_b` | `file::b` | not applicable | words |", TEST, 1),
        "A.test_b: does not apply, but names file::b"
    );
    for bad in ["/// CPython: A.test_b.\nfn b() {}\n", "/// First.\n/// CPython: `A.test_b`.\nfn b() {}\n"] {
        assert!(told("", bad, 0).contains("not the first line of its docs, or not in their form"));
    }
    assert_eq!(told("", "/// CPython: `A.test_b`.\nstruct B;\n", 0), "file: A.test_b is no function");
}

#[test]
fn the_rows_of_loky_and_pebble_are_a_list_of_their_own() {
    const TESTS: &str = "/// CPython: `A.test_b`.\n#[test]\nfn b() {}\n/// loky: `test_c`.\n#[test]\nfn c() {}\n";
    let told = |rows: &str, others: &[&str]| {
        let sources = BTreeMap::from([("file".to_owned(), TESTS.to_owned())]);
        faults(rows, &sources, 1, others).join("\n")
    };
    let first = "| `A.test_b` | `file::b` | same | words |\n";
    let second = "| loky, pebble | ours | verdict | why |\n| `loky.test_c` | `file::c` | same | words |\n";
    assert_eq!(told(&format!("{first}{OTHERS_HEADING}{second}"), &["loky.test_c"]), "");

    let none = "of loky and pebble [], not [\"loky.test_c\"]";
    assert_eq!(told(first, &["loky.test_c"]), format!("{none}\nfile::c: no row for loky.test_c"));
    let among_cpythons = told(&format!("{first}{second}{OTHERS_HEADING}"), &["loky.test_c"]);
    assert_eq!(among_cpythons, format!("2 rows with 2 names, not 1\n{none}"));
    let twice = told(&format!("{first}{OTHERS_HEADING}{second}{second}"), &["loky.test_c"]);
    assert!(twice.starts_with("of loky and pebble [\"loky.test_c\", \"loky.test_c\"]"), "{twice}");
    let missing = told(&format!("{first}{OTHERS_HEADING}{second}"), &["loky.test_c", "pebble.test_d"]);
    assert!(missing.ends_with("not [\"loky.test_c\", \"pebble.test_d\"]"), "{missing}");
    assert_eq!(upstream_in("/// loky: test_c."), None);
    assert_eq!(upstream_in("/// joblib: `test_c`."), None);
}
