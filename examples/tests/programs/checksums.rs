//! The output is that of `sha256sum`, whatever the names and whatever cannot be read.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::program::{finish, run, text};

const EXECUTORS: [&str; 2] = ["threads", "processes"];

#[test]
fn the_output_is_that_of_sha256sum() {
    let tree = odd_tree();
    let expected = sha256sum(tree.path());
    assert_eq!(text(&expected).lines().count(), ODD_NAMES.len() + 3);
    for executor in EXECUTORS {
        let output = checksums(tree.path(), executor);
        assert_eq!(text(&output.stdout), text(&expected), "{executor}");
        assert_eq!(output.stdout, expected, "{executor}");
        assert!(output.status.success(), "{executor}: {output:?}");
        assert!(text(&output.stderr).contains("speed-up"), "{executor}: {output:?}");
    }
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_goes_on() {
    let tree = odd_tree();
    let unreadable = add_unreadable(tree.path());
    let expected = sha256sum(tree.path());
    assert_eq!(text(&expected).lines().count(), ODD_NAMES.len() + 3);
    for executor in EXECUTORS {
        let output = checksums(tree.path(), executor);
        assert_eq!(output.stdout, expected, "{executor}");
        assert_eq!(output.status.code(), Some(1), "{executor}: {output:?}");
        let stderr = text(&output.stderr);
        let told: Vec<_> = stderr.lines().filter(|line| line.contains(&unreadable)).collect();
        assert_eq!(told.len(), 1, "{executor}: {stderr}");
        assert!(told[0].contains("File name too long"), "{executor}: {stderr}");
    }
}

#[test]
fn an_empty_directory_has_no_checksums() {
    let tree = TempDir::new().unwrap();
    for executor in EXECUTORS {
        let output = checksums(tree.path(), executor);
        assert!(output.status.success() && output.stdout.is_empty(), "{executor}: {output:?}");
    }
}

#[test]
fn what_is_no_directory_is_refused() {
    let tree = TempDir::new().unwrap();
    let missing = tree.path().join("missing");
    let output = run("checksums", [&missing]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("missing: No such file or directory"), "{output:?}");

    let file = tree.path().join("file");
    fs::write(&file, "").unwrap();
    let output = run("checksums", [&file]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("file: not a directory"), "{output:?}");
}

#[test]
fn a_pool_without_workers_is_refused() {
    let output = run("checksums", [".", "--workers", "0"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("0 is not in 1..=1024"), "{output:?}");
}

/// Without a carriage return: not every `sha256sum` escapes it.
const ODD_NAMES: [&[u8]; 9] = [
    b"plain",
    b" two  spaces ",
    b"line\nbreak",
    b"back\\slash",
    b"both\\\n\\n",
    b"not \xff\xfe UTF-8",
    "\u{fc}ml\u{e4}ut".as_bytes(),
    b"-",
    b"*",
];

/// Files of all sizes and names, and what is no file.
fn odd_tree() -> TempDir {
    let tree = TempDir::new().unwrap();
    let at = |name: &[u8]| tree.path().join(OsStr::from_bytes(name));
    for (size, name) in ODD_NAMES.iter().enumerate() {
        fs::write(at(name), vec![b'x'; size * 30_000]).unwrap();
    }
    // Byte by byte `a-b` comes before `a/b`, part by part after it.
    for directory in ["a", "a-b", "a\\b"] {
        fs::create_dir(at(directory.as_bytes())).unwrap();
        fs::write(at(directory.as_bytes()).join("b"), directory).unwrap();
    }
    symlink(tree.path(), at(b"loop")).unwrap();
    symlink("plain", at(b"link")).unwrap();
    symlink("nowhere", at(b"dangling")).unwrap();
    // Opening it would wait for a writer for ever.
    assert!(finish(Command::new("mkfifo").arg(at(b"fifo"))).status.success());
    tree
}

/// Adds a file that nobody can open, the superuser included, and returns a part of its name: its path is
/// longer than the system takes. Its directory's path is not.
fn add_unreadable(tree: &Path) -> String {
    const PATH_MAX: usize = 4096;
    let len = |path: &Path| path.as_os_str().len();
    let mut directory = tree.join("deep");
    while len(&directory) + 201 < PATH_MAX {
        directory.push("d".repeat(200));
    }
    fs::create_dir_all(&directory).unwrap();
    let name = "u".repeat(255);
    assert!(len(&directory.join(&name)) >= PATH_MAX);
    // From inside, its name is short enough.
    assert!(finish(Command::new("touch").arg(&name).current_dir(&directory)).status.success());
    name
}

fn checksums(directory: &Path, executor: &str) -> std::process::Output {
    run("checksums", [directory.as_os_str(), OsStr::new("--executor"), OsStr::new(executor)])
}

fn sha256sum(directory: &Path) -> Vec<u8> {
    const SCRIPT: &str = r#"find "$1" -type f -print0 | sort -z | xargs -0 sha256sum"#;
    let mut shell = Command::new("sh");
    shell.args(["-c", SCRIPT, "sh"]).arg(directory).env("LC_ALL", "C");
    finish(&mut shell).stdout
}
