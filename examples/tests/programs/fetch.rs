//! Every download ends as it should, whatever the server does.

use crate::program::{run, text};

#[test]
fn the_demo_shows_good_pages_and_every_fault() {
    // Long enough for a good page on a busy machine.
    let output = run("fetch", ["--demo", "--timeout", "3"]);
    assert!(output.status.success(), "{output:?}");
    let stdout = text(&output.stdout);
    let line = |path: &str| {
        let lines: Vec<_> = stdout.lines().filter(|line| line.contains(path)).collect();
        assert_eq!(lines.len(), 1, "{path}: {stdout}");
        lines[0]
    };
    for number in 1..=6 {
        assert!(line(&format!("/page/{number}")).contains(&format!(" {} bytes ", number * 1600)), "{stdout}");
    }
    assert!(line("/missing").ends_with("http status: 404"), "{stdout}");
    assert!(line("/broken").contains(" failed "), "{stdout}");
    assert!(line("/slow").contains(" failed ") && line("/slow").contains("timeout"), "{stdout}");
    // As they complete: nobody waited for the slow one, which was submitted first.
    assert!(stdout.lines().last().unwrap().contains("/slow"), "{stdout}");
    assert!(text(&output.stderr).contains("9 tasks on 8 workers"), "{output:?}");
}

#[test]
fn a_failed_download_ends_with_1() {
    // Port 0 is nobody's.
    let output = run("fetch", ["http://127.0.0.1:0/"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stdout).contains("failed  http://127.0.0.1:0/"), "{output:?}");
}

#[test]
fn bad_arguments_are_refused_by_name() {
    let refused = |args: &[&str], reason: &str| {
        let output = run("fetch", args);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(text(&output.stderr).contains(reason), "{output:?}");
    };
    refused(&[], "<URL>");
    refused(&["ftp://localhost/"], "neither an http:// nor an https:// URL");
    refused(&["no url at all"], "invalid");
    refused(&["http://localhost/", "--demo"], "cannot be used with");
    refused(&["--demo", "--timeout", "soon"], "not a number of seconds");
    refused(&["--demo", "--timeout=-1"], "negative");
    refused(&["--demo", "--timeout", "0"], "no time at all");
}
