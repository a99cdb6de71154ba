//! CPython's `executor.py`: what every executor does with calls and maps.

use std::cell::Cell;
use std::iter;
use std::path::PathBuf;

use executor_runtime::prelude::*;
use executor_tests::census::{self, Counted};
use executor_tests::gate::{self, Hold};
use executor_tests::tasks::*;

use crate::{Backend, Outcome};

suite! {
    submit_gives_the_value
    arguments_may_be_called_anything
    a_map_equals_the_builtin_map
    a_map_yields_what_comes_before_a_failure_and_what_comes_after
    a_map_that_runs_out_of_time_has_yielded_what_was_done
    a_buffer_of_zero_is_taken_as_one
    any_buffer_size_gives_the_same_list
    any_buffer_size_works_with_two_inputs
    an_endless_input_works
    two_endless_inputs_work
    a_map_of_nothing_is_over_at_once
    a_full_buffer_pulls_no_more
    a_shutdown_right_after_a_map_hangs_nobody
    an_argument_is_dropped_after_the_run
    zero_workers_are_refused
    a_map_keeps_no_yielded_value
    an_error_that_says_nothing_is_an_error
}

/// CPython: `ExecutorTest.test_submit`.
fn submit_gives_the_value(on: Backend) -> Outcome {
    assert_eq!(on.pool(5)?.submit(power::task(2, 8)).result()?, 256);
    Ok(())
}

/// CPython: `ExecutorTest.test_submit_keyword`.
///
/// Rust has no keyword arguments; what is left is that no name of an argument meets one of ours.
fn arguments_may_be_called_anything(on: Backend) -> Outcome {
    assert_eq!(on.pool(5)?.submit(odd_names::task(1, 2, 3, 4, 5, 6)).result()?, [1, 2, 3, 4, 5, 6]);
    Ok(())
}

/// CPython: `ExecutorTest.test_map`.
fn a_map_equals_the_builtin_map(on: Backend) -> Outcome {
    let pool = on.pool(5)?;
    let inputs = (0..10).zip(0..10);
    let expected: Vec<_> = inputs.clone().map(|(base, exponent)| power(base, exponent)).collect();
    let powers = || pool.map(|(base, exponent)| power::task(base, exponent), inputs.clone());
    assert_eq!(powers().collect::<Result<Vec<_>, _>>()?, expected);
    assert_eq!(powers().chunk_size(3).collect::<Result<Vec<_>, _>>()?, expected);
    Ok(())
}

/// CPython: `ExecutorTest.test_map_exception`.
///
/// A failure is its item's alone: in Python the results after it are lost.
fn a_map_yields_what_comes_before_a_failure_and_what_comes_after(on: Backend) -> Outcome {
    let pool = on.pool(5)?;
    let divisions = || pool.map(|(n, by)| divide::task(n, by), iter::repeat(1).zip([2, 3, 0, 5]));
    let mut map = divisions();
    assert_eq!(map.next().expect("the first item")?, (0, 1));
    assert_eq!(map.next().expect("the second item")?, (0, 1));
    let error = map.next().expect("the third item").expect_err("no quotient");
    assert!(error.to_string().contains("attempt to divide by zero"), "{error}");
    assert_eq!(map.next().expect("the fourth item")?, (0, 1));
    assert!(map.next().is_none());
    divisions().collect::<Result<Vec<_>, _>>().expect_err("collected, the first failure is the end");
    Ok(())
}

/// CPython: `ExecutorTest.test_map_timeout`.
fn a_map_that_runs_out_of_time_has_yielded_what_was_done(on: Backend) -> Outcome {
    /// Is held, if there is something to hold it.
    #[pool_task(process)]
    fn maybe_held(hold: Option<PathBuf>) {
        if let Some(hold) = hold {
            gate::held(&hold);
        }
    }
    let pool = on.pool(5)?;
    let folder = tempfile::tempdir()?;
    // A machine that is too slow for a limit gets a longer one.
    let has_yielded_both = (5..12).map(|power| 1 << power).any(|milliseconds| {
        let hold = Hold::new(folder.path(), &milliseconds.to_string());
        let items = [None, None, Some(hold.path().to_owned())];
        let yielded: Vec<_> = pool.map(maybe_held::task, items).timeout(Duration::from_millis(milliseconds)).collect();
        let (last, done) = yielded.split_last().expect("the time-out");
        assert!(last.is_err() && done.iter().all(|item| matches!(item, Ok(Ok(())))), "{yielded:?}");
        assert!(done.len() <= 2, "{yielded:?}");
        done.len() == 2
    });
    assert!(has_yielded_both, "what was done is lost");
    Ok(())
}

/// CPython: `ExecutorTest.test_map_buffersize_value_validation`.
///
/// Zero is no error but the least that can work; a negative number does not compile.
fn a_buffer_of_zero_is_taken_as_one(on: Backend) -> Outcome {
    let pool = on.pool(5)?;
    let pulled = Cell::new(0);
    let items = (0..4).inspect(|_| pulled.set(pulled.get() + 1));
    let mut map = pool.map(square::task, items).buffer_size(0);
    for n in 0..4 {
        assert_eq!(map.next().expect("an item")?, n * n);
        assert_eq!(pulled.get(), n + 1);
    }
    assert!(map.next().is_none());
    Ok(())
}

/// CPython: `ExecutorTest.test_map_buffersize`.
fn any_buffer_size_gives_the_same_list(on: Backend) -> Outcome {
    let pool = on.pool(5)?;
    for buffer_size in [1, 2, 10, 20] {
        let squares: Vec<u64> = pool.map(square::task, 0..10).buffer_size(buffer_size).collect::<Result<_, _>>()?;
        assert_eq!(squares, (0..10).map(square).collect::<Vec<_>>(), "{buffer_size}");
    }
    Ok(())
}

/// CPython: `ExecutorTest.test_map_buffersize_on_multiple_iterables`.
fn any_buffer_size_works_with_two_inputs(on: Backend) -> Outcome {
    let pool = on.pool(5)?;
    for buffer_size in [1, 2, 10, 20] {
        let inputs = (0..10).zip(0..10);
        let map = pool.map(|(base, exponent)| power::task(base, exponent), inputs.clone()).buffer_size(buffer_size);
        let expected: Vec<_> = inputs.map(|(base, exponent)| power(base, exponent)).collect();
        assert_eq!(map.collect::<Result<Vec<_>, _>>()?, expected, "{buffer_size}");
    }
    Ok(())
}

/// CPython: `ExecutorTest.test_map_buffersize_on_infinite_iterable`.
fn an_endless_input_works(on: Backend) -> Outcome {
    let pool = on.pool(5)?;
    let mut map = pool.map(square::task, 0..).buffer_size(2);
    for square in [0, 1, 4] {
        assert_eq!(map.next().expect("an item")?, square);
    }
    Ok(())
}

/// CPython: `ExecutorTest.test_map_buffersize_on_multiple_infinite_iterables`.
fn two_endless_inputs_work(on: Backend) -> Outcome {
    let pool = on.pool(5)?;
    let mut map = pool.map(|(base, exponent)| power::task(base, exponent), (0..).zip(0..)).buffer_size(2);
    for power in [1, 1, 4, 27] {
        assert_eq!(map.next().expect("an item")?, power);
    }
    Ok(())
}

/// CPython: `ExecutorTest.test_map_buffersize_on_empty_iterable`.
fn a_map_of_nothing_is_over_at_once(on: Backend) -> Outcome {
    let pool = on.pool(5)?;
    assert!(pool.map(square::task, []).buffer_size(2).next().is_none());
    assert!(pool.map(square::task, []).next().is_none());
    Ok(())
}

/// CPython: `ExecutorTest.test_map_buffersize_when_buffer_is_full`.
///
/// A map that nobody asks for a result has pulled nothing, in Python a whole buffer. From the first result on it
/// keeps to its buffer; Python's pulls one item more.
fn a_full_buffer_pulls_no_more(on: Backend) -> Outcome {
    let pool = on.pool(5)?;
    let pulled = Cell::new(0);
    let items = (0..).inspect(|_| pulled.set(pulled.get() + 1));
    let mut map = pool.map(square::task, items).buffer_size(4);
    assert_eq!(pulled.get(), 0);
    map.next().expect("an item")?;
    assert_eq!(pulled.get(), 4);
    map.next().expect("an item")?;
    assert_eq!(pulled.get(), 5, "one more for the one that was yielded");
    Ok(())
}

/// CPython: `ExecutorTest.test_shutdown_race_issue12456`.
///
/// A map is lazy: it has submitted its calls once it was asked for a result.
fn a_shutdown_right_after_a_map_hangs_nobody(on: Backend) -> Outcome {
    let pool = on.pool(5)?;
    let mut map = pool.map(square::task, iter::repeat_n(2, 6));
    assert_eq!(map.next().expect("an item")?, 4);
    pool.shutdown(Shutdown::Drain);
    assert_eq!(map.collect::<Result<Vec<_>, _>>()?, [4; 5]);
    Ok(())
}

/// CPython: `ExecutorTest.test_no_stale_references`.
fn an_argument_is_dropped_after_the_run(on: Backend) -> Outcome {
    let pool = on.pool(1)?;
    let number = census::new_number();
    // Nobody has the future; the pool lives on.
    drop(pool.submit(census::take::task(Counted::of(number))));
    census::await_none(number);
    assert_eq!(pool.submit(census::living::task(number)).result()?, 0, "not where it ran, either");
    Ok(())
}

/// CPython: `ExecutorTest.test_max_workers_negative`.
///
/// A negative number does not compile.
fn zero_workers_are_refused(on: Backend) -> Outcome {
    let Err(error) = on.pool(0) else { panic!("a pool without workers") };
    assert_eq!(error.to_string(), "max_workers must be greater than 0");
    Ok(())
}

/// CPython: `ExecutorTest.test_free_reference`.
fn a_map_keeps_no_yielded_value(on: Backend) -> Outcome {
    let pool = on.pool(5)?;
    let numbers: Vec<u64> = iter::repeat_with(census::new_number).take(10).collect();
    let mut yielded = 0;
    for (value, &number) in pool.map(census::make::task, numbers.iter().copied()).zip(&numbers) {
        let value = value?;
        assert_eq!(census::living(number), 1);
        drop(value);
        assert_eq!(census::living(number), 0);
        yielded += 1;
    }
    assert_eq!(yielded, 10);
    Ok(())
}

/// CPython: `ExecutorTest.test_swallows_falsey_exceptions`.
///
/// There is no truth value that an error could have; ours say as little as an error can.
fn an_error_that_says_nothing_is_an_error(on: Backend) -> Outcome {
    /// Fails without a word, in one of three ways.
    #[pool_task(process)]
    fn fail(way: u8) -> Result<(), ()> {
        match way {
            0 => panic!(""),
            1 => std::panic::panic_any(()),
            _ => Err(()),
        }
    }
    let pool = on.pool(1)?;
    for way in [0, 1] {
        let error = pool.submit(fail::task(way)).result().expect_err("a panic");
        assert!(matches!(&error, TaskError::Panicked(_)), "{error:?}");
    }
    assert_eq!(pool.submit(fail::task(2)).result()?, Err(()));
    Ok(())
}
