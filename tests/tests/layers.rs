//! The layer order of `executor-runtime`, as ARCHITECTURE.md states it:
//!
//! ```text
//! id < error < sync < future < task < sys < wire < worker | pool < executor < bench | fuzz < lib
//! ```
//!
//! A module uses only earlier ones, `worker` and `pool` do not know each other,
//! and `unsafe` stays below `sys`.

use std::fs;
use std::path::{Path, PathBuf};

/// Lowest first. Equal numbers may not use each other.
const LAYERS: [(&str, u32); 12] = [
    ("id", 0),
    ("error", 1),
    ("sync", 2),
    ("future", 3),
    ("task", 4),
    ("sys", 5),
    ("wire", 6),
    ("worker", 7),
    ("pool", 7),
    ("executor", 8),
    ("bench", 9),
    ("fuzz", 9),
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../executor-runtime/src")
}

/// Every source file with its path from `src`.
fn files(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).expect("a source folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else {
            let text = fs::read_to_string(&path).expect("a source file");
            let name = path.strip_prefix(source()).expect("below src").to_owned();
            found.push((name, text));
        }
    }
}

fn all_files() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    files(&source(), &mut found);
    found.sort();
    assert!(found.len() > 20, "the sources are elsewhere");
    found
}

/// The module a file belongs to: its folder below `src`, or its own name.
fn module_of(file: &Path) -> String {
    let first = file.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

fn layer_of(module: &str) -> Option<u32> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, layer)| *layer)
}

/// The code of a file without its comments.
fn code_of(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// What code names of the crate: `crate::a::..`, `crate::{a, b::{..}}`, over as many lines as it takes.
fn modules_named_in(code: &str) -> Vec<String> {
    let code = code_of(code);
    let name = |path: &str| path.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut names = Vec::new();
    for rest in code.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            None => names.push(name(rest)),
            Some(list) => names.extend(outer_items(list).into_iter().map(name)),
        }
    }
    names.retain(|name| layer_of(name).is_some());
    names
}

/// The items of a list up to its closing brace; what inner braces hold belongs to the item before them.
fn outer_items(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut items) = (0, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                items.push(&list[start..at]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    items
}

/// What is wrong with a file that uses a module, if anything.
fn violation(file: &Path, used: &str) -> Option<String> {
    let module = module_of(file);
    let own = layer_of(&module)?;
    let allowed = module == used || layer_of(used)? < own;
    (!allowed).then(|| format!("{} uses `{used}`, which is no lower layer", file.display()))
}

#[test]
fn no_module_uses_a_higher_one() {
    let mut violations = Vec::new();
    for (file, text) in all_files() {
        for used in modules_named_in(&text) {
            violations.extend(violation(&file, &used));
        }
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn every_module_has_a_layer() {
    for (file, _) in all_files() {
        let module = module_of(&file);
        assert!(module == "lib" || layer_of(&module).is_some(), "`{module}` has no place in the layers");
    }
}

#[test]
fn a_lower_module_that_imports_a_higher_one_is_noticed() {
    let lane = Path::new("pool/lane.rs");
    let used = |line| modules_named_in(line).into_iter().filter_map(|used| violation(lane, &used)).count();
    assert_eq!(used("use crate::executor::Shutdown;"), 1);
    assert_eq!(used("use crate::{error::TaskError, worker::host, executor::Map};"), 2);
    assert_eq!(used("use crate::{\n    error::{PoolError, TaskError},\n    worker::host::Worker,\n};"), 1);
    assert_eq!(used("    crate::worker::host::start()"), 1);
    assert_eq!(used("use crate::error::TaskError; // not crate::executor"), 0);
}

#[test]
fn only_the_process_executor_knows_pools_and_workers() {
    let knowing: Vec<_> = all_files()
        .into_iter()
        .filter(|(file, text)| {
            let uses = |module: &str| module_of(file) == module || modules_named_in(text).contains(&module.into());
            uses("pool") && uses("worker")
        })
        .map(|(file, _)| file)
        .collect();
    assert!(!knowing.is_empty());
    assert!(knowing.iter().all(|file| file.to_string_lossy().starts_with("executor/process")), "{knowing:?}");
}

#[test]
fn unsafe_code_stays_below_sys() {
    for (file, text) in all_files() {
        let allows = text.lines().any(|line| line.trim_start().starts_with("#![allow(unsafe_code)"));
        assert!(!allows || file == Path::new("sys/mod.rs"), "{} allows unsafe code", file.display());
        let unsafe_lines = text.lines().filter(|line| {
            let code = line.split("//").next().unwrap_or_default();
            code.contains("unsafe {") || code.contains("unsafe(") || code.contains("unsafe impl")
        });
        assert!(module_of(&file) == "sys" || unsafe_lines.count() == 0, "{} has unsafe code", file.display());
    }
}
