//! The first program anybody sees.

use crate::program::{run, text};

#[test]
fn squares_are_right_and_an_abort_costs_one_task() {
    let output = run("quickstart", [""; 0]);
    assert!(output.status.success(), "{output:?}");
    let stdout = text(&output.stdout);
    let results: Vec<_> = stdout.lines().filter_map(|line| line.strip_prefix("Rust   | ")).collect();
    let (aborted, others): (Vec<_>, Vec<_>) = results.into_iter().partition(|result| result.starts_with("3: "));
    assert_eq!(
        others,
        ["[1, 4, 9, 16]", "[0, 1, 4, 9, 16, 25, 36, 49, 64, 81]", "0: 0", "1: 1", "2: 4", "4: 16", "5: 25"]
    );
    assert_eq!(aborted.len(), 1, "{stdout}");
    assert!(aborted[0].contains("was ended by SIGABRT after running `quickstart::square_unless_3`"), "{stdout}");
    assert!(text(&output.stderr).contains("14 tasks on 3 workers"), "{output:?}");
}
