//! Random nests of blocks, loops, closures, ways out and std's macros do the same with `with_pool!` around some of
//! their blocks as without: the same end, and the same side effects in the same order.
//!
//! The functions are written by `build/main.rs`; the bytes by which they decide come from proptest.

use std::panic::{AssertUnwindSafe, catch_unwind};

use executor_rewriting_tests::{End, Event, Run};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

/// A function in both forms.
struct Function {
    name: &'static str,
    /// The numbers of its places are 1 to this one.
    leaves: u32,
    plain: fn(&Run<'_>) -> End,
    block: fn(&Run<'_>) -> End,
}

#[allow(warnings, clippy::all, clippy::pedantic, reason = "nobody writes such functions")]
mod generated {
    use std::fmt::Write as _;

    use anyhow::{bail, ensure};
    use executor_rewriting_tests::{Fault, Foreign, IntoEnd, Run, pool, ready};
    use executor_runtime::{PoolError, with_pool};

    use super::Function;

    include!(concat!(env!("OUT_DIR"), "/functions.rs"));
}

use generated::{FUNCTIONS, SEED};

/// How it ended, what it did, and which blocks failed on the way.
fn run(function: fn(&Run<'_>) -> End, input: &[u8]) -> (End, Vec<Event>, Vec<bool>) {
    let run = Run::new(input);
    let end = catch_unwind(AssertUnwindSafe(|| function(&run)))
        .unwrap_or_else(|panic| End::Panic(panic.downcast().ok().map(|number| *number)));
    let (log, failures) = run.into_log();
    (end, log, failures)
}

/// How many blocks an error has left: those that were left after the last thing that was done, since something is done
/// behind a block that comes to its end.
fn left_by_an_error(end: &End, log: &[Event]) -> usize {
    match end {
        End::Error(_) => {
            let last = log.iter().rev().take_while(|event| !matches!(event, Event::Did(_)));
            last.filter(|event| matches!(event, Event::Left(_))).count()
        }
        _ => 0,
    }
}

proptest! {
    // A failure is run again first, until its file is removed.
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_block_does_what_the_plain_code_does(input in vec(any::<u8>(), 0..100)) {
        for Function { name, plain, block, .. } in FUNCTIONS {
            let (end, log, _) = run(*plain, &input);
            let (its_end, its_log, mut failures) = run(*block, &input);
            prop_assert_eq!((its_end, &its_log), (end.clone(), &log), "{} of the seed {}", name, SEED);
            prop_assert_ne!(&end, &End::Panic(None), "{} of the seed {}", name, SEED);
            let others = failures.len().saturating_sub(left_by_an_error(&end, &log));
            let failed = failures.split_off(others);
            prop_assert_eq!(failed.len(), left_by_an_error(&end, &log));
            let as_expected = failures.iter().all(|failed| !failed) && failed.iter().all(|failed| *failed);
            prop_assert!(as_expected, "{} of the seed {}: {:?} {:?}", name, SEED, failures, failed);
        }
    }
}

/// Else the test above would say little.
#[test]
fn most_of_what_is_written_runs() {
    let (mut reached, mut all) = (0, 0);
    for Function { leaves, plain, .. } in FUNCTIONS {
        let mut places = vec![false; *leaves as usize + 1];
        let mut bytes = 1_u32;
        for _ in 0..200 {
            let input: Vec<u8> = (0..100)
                .map(|_| {
                    bytes = bytes.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    bytes.to_be_bytes()[0]
                })
                .collect();
            for event in run(*plain, &input).1 {
                if let Event::Did(number) = event {
                    places[number as usize] = true;
                }
            }
        }
        reached += places.iter().filter(|reached| **reached).count();
        all += *leaves as usize;
    }
    println!("{reached} of {all} places in {} functions", FUNCTIONS.len());
    assert!(reached * 10 > all * 7, "only {reached} of {all} places");
}
