//! What the macros and the bounds of the runtime refuse, and in which words; and
//! what they take without a single warning. `README.md` says how a case is
//! written and found.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::Command;

use trybuild::TestCases;

/// The words around ours are the compiler's own and change with it.
const STATED_COMPILER: &str = "rustc 1.95.";

/// Cases that are more than one error for good: how many, and why.
const SEVERAL: &[(&str, usize, &str)] = &[
    ("pool_with_several_faults", 6, "that they are reported together is the promise"),
    ("task_with_several_faults", 6, "that they are reported together is the promise"),
    ("warnings_of_the_block", 14, "that each of them is reported as without the macro is the promise"),
    ("assigned_in_the_block", 2, "the compiler reports what is not assigned, and what is used without it"),
    ("break_with_a_label_hidden_in_a_macro", 2, "the compiler reports the label and the `break` that it stands behind"),
    ("continue_with_a_label_hidden_in_a_macro", 2, "the compiler reports the label and the `continue` likewise"),
    ("kind_behind_an_equals_sign", 2, "the compiler refuses the form, and expands the attribute all the same"),
    ("main_async", 2, "the compiler has its own demands on `main`"),
    ("main_with_arguments", 2, "the compiler has its own demands on `main`"),
    ("question_mark_on_a_number", 3, "both ends of a `?` ask what it returns early"),
    ("task_crate_not_there", 3, "every path of the expansion begins with that crate"),
    ("task_instance_does_not_fit", 4, "each trait of the task, and the function, demands what the function does"),
    ("task_named_like_a_module", 2, "the compiler reports the name, and then each use that it takes for the module"),
    ("task_named_like_an_import", 2, "the compiler reports the name, and then each use that it takes for the module"),
    ("task_on_a_closure", 3, "the compiler refuses attributes there, twice, and expands them all the same"),
    ("task_on_a_statement", 2, "the compiler refuses attributes there, and expands them all the same"),
    ("task_on_an_expression", 3, "the compiler refuses attributes there, twice, and expands them all the same"),
    ("task_on_a_trait_method", 4, "without a `self` an attribute cannot tell that it stands inside of a block"),
    ("task_on_an_associated_function", 5, "without a `self` an attribute cannot tell that it stands inside of a block"),
    ("task_result_with_a_hidden_lifetime", 2, "the compiler refuses the signature by itself"),
    ("task_argument_without_a_size", 2, "the compiler refuses the function by itself"),
    ("task_result_without_a_size", 2, "the compiler refuses the function by itself"),
    ("task_variadic", 3, "the compiler refuses such functions by itself"),
];

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

#[test]
fn a_fault_is_one_error() {
    let errors: BTreeMap<String, usize> = files("fail", "stderr").map(|(case, text)| (case, count(&text))).collect();
    let cases: Vec<String> = files("fail", "rs").map(|(case, _)| case).collect();
    let listed = SEVERAL.iter().map(|(case, ..)| *case);
    let strays = errors.keys().map(String::as_str).chain(listed).filter(|case| !cases.iter().any(|it| it == case));
    let mut complaints: Vec<String> = strays.map(|case| format!("there is no `fail/{case}.rs`")).collect();
    complaints.extend(cases.iter().filter_map(|case| complaint(case, errors.get(case).copied().unwrap_or(0))));
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// What is wrong with the number of a case's errors.
fn complaint(case: &str, errors: usize) -> Option<String> {
    let several = SEVERAL.iter().find(|(several, ..)| *several == case);
    let expected = several.map_or(1, |(_, errors, _)| *errors);
    (errors != expected).then(|| format!("`{case}` is {errors} errors instead of {expected}"))
}

/// The errors in what the compiler said: quoted code stands behind a line number, and notes are indented.
fn count(stderr: &str) -> usize {
    stderr.lines().filter(|line| line.starts_with("error")).count()
}

/// The files of a folder with this extension: their names without it, and their text.
fn files(folder: &str, extension: &str) -> impl Iterator<Item = (String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(folder).expect("the folder is part of the package");
    let paths = entries.map(|entry| entry.expect("a folder that can be read").path());
    let paths = paths.filter(move |path| path.extension() == Some(OsStr::new(extension)));
    paths.map(|path| {
        let name = path.file_stem().expect("what has an extension has a stem");
        (name.display().to_string(), fs::read_to_string(&path).expect("a case is text"))
    })
}

/// What the compiler that cargo runs calls itself.
fn compiler() -> String {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    let output = Command::new(rustc).arg("--version").output().expect("cargo found the compiler to build this");
    String::from_utf8(output.stdout).expect("rustc prints text")
}
