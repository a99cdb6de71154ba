//! Workers that cannot get ready.

use std::path::Path;
use std::sync::Arc;
use std::{fs, process};

use executor_runtime::prelude::*;
use executor_tests::children;
use executor_tests::tasks::{FailHow, initialize_or_fail, spin_and_return_nothing, square};
use rustix::process::Signal;

use crate::Outcome;
use crate::stage::Stage;

faults! {
    an_initializer_that_fails_breaks_the_pool
    an_initializer_that_panics_breaks_the_pool
    an_initializer_that_dies_breaks_the_pool
    a_worker_that_is_killed_in_its_initializer_is_replaced
    a_worker_that_is_always_killed_in_its_initializer_breaks_the_pool
    an_initializer_that_hangs_breaks_the_pool_at_its_limit
    an_initializer_that_hangs_ends_with_an_abort
}

/// Each task of a pool whose initializer does this is told so in these words, and other pools work.
fn breaks(stage: &Stage, pool: &ProcessPoolExecutor, words: &[&str]) -> Outcome {
    let early: Vec<_> = (0..20).map(|n| pool.submit(square::task(n))).collect();
    let told = |future: TaskFuture<u64>| match future.result() {
        Err(TaskError::PoolBroken { cause }) => cause,
        other => panic!("another end: {other:?}"),
    };
    let causes: Vec<_> = early.into_iter().map(told).collect();
    let late = told(pool.submit(square::task(3)));
    for cause in causes.iter().chain([&late]) {
        assert!(matches!(**cause, PoolError::InitializerFailed { .. }), "{cause:?}");
        assert!(words.iter().all(|words| cause.to_string().contains(words)), "{cause}");
    }
    assert!(causes.iter().all(|cause| Arc::ptr_eq(cause, &late)), "there is one cause");
    assert_eq!(stage.builder().build()?.submit(square::task(3)).result()?, 9);
    Ok(())
}

fn failing(stage: &Stage, how: FailHow, words: &[&str]) -> Outcome {
    stage.leaves_nothing(|| breaks(stage, &stage.builder().initializer(initialize_or_fail::task(how)).build()?, words))
}

fn an_initializer_that_fails_breaks_the_pool(stage: &Stage) -> Outcome {
    failing(stage, FailHow::Return, &["no licence"])
}

fn an_initializer_that_panics_breaks_the_pool(stage: &Stage) -> Outcome {
    failing(stage, FailHow::Panic, &["no database"])
}

fn an_initializer_that_dies_breaks_the_pool(stage: &Stage) -> Outcome {
    failing(stage, FailHow::Exit, &["exited with code 7", "initialize_or_fail"])
}

/// Is killed as if from outside, in the first so many workers.
#[pool_task(process)]
fn be_killed_at_first(marks: &Path, times: usize) {
    let before = fs::read_dir(marks).expect("the folder").count();
    if before < times {
        fs::write(marks.join(process::id().to_string()), "").expect("a mark");
        children::send(process::id(), Signal::KILL);
    }
}

fn a_worker_that_is_killed_in_its_initializer_is_replaced(stage: &Stage) -> Outcome {
    stage.leaves_nothing(|| {
        let folder = tempfile::tempdir()?;
        let pool = stage.builder().max_workers(1).initializer(be_killed_at_first::task(folder.path(), 12)).build()?;
        let values: Vec<_> = pool.map(square::task, 0..20).collect::<Result<_, _>>()?;
        assert_eq!(values, (0..20).map(|n| n * n).collect::<Vec<_>>());
        assert_eq!(fs::read_dir(folder.path())?.count(), 12);
        Ok(())
    })
}

fn a_worker_that_is_always_killed_in_its_initializer_breaks_the_pool(stage: &Stage) -> Outcome {
    stage.leaves_nothing(|| {
        let folder = tempfile::tempdir()?;
        let initializer = be_killed_at_first::task(folder.path(), usize::MAX);
        let builder = stage.builder().max_workers(1).start_timeout(Duration::from_secs(2));
        breaks(stage, &builder.initializer(initializer).build()?, &["SIGKILL"])?;
        assert!(fs::read_dir(folder.path())?.count() >= 5);
        Ok(())
    })
}

fn an_initializer_that_hangs_breaks_the_pool_at_its_limit(stage: &Stage) -> Outcome {
    stage.leaves_nothing(|| {
        let call = spin_and_return_nothing::task().timeout(Duration::from_millis(50));
        breaks(stage, &stage.builder().initializer(call).build()?, &["longer than its limit of 50ms"])
    })
}

fn an_initializer_that_hangs_ends_with_an_abort(stage: &Stage) -> Outcome {
    stage.leaves_nothing(|| {
        let pool = stage.builder().initializer(spin_and_return_nothing::task()).build()?;
        let futures: Vec<_> = (0..20).map(|n| pool.submit(square::task(n))).collect();
        pool.shutdown(Shutdown::Abort { grace: Duration::ZERO });
        for future in futures {
            let end = future.result();
            assert!(matches!(end, Err(TaskError::Cancelled | TaskError::PoolShutDown)), "{end:?}");
        }
        Ok(())
    })
}
