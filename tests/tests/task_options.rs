//! What the options of `#[pool_task]` and of its calls do.

use std::fs;
use std::path::Path;

use executor_runtime::prelude::*;
use executor_runtime::{RemoteJob, Run, Task};
use executor_tests::tasks::square;
use executor_tests::watchdog::limited;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Notes that it runs, by a file more in the folder; how many times it has by now.
fn note_a_run(folder: &Path) -> usize {
    let runs = fs::read_dir(folder).expect("the folder").count();
    fs::write(folder.join(runs.to_string()), "").expect("a file");
    runs + 1
}

fn runs(folder: &Path) -> usize {
    fs::read_dir(folder).expect("the folder").count()
}

/// Takes its worker along until it has been run this many times.
#[pool_task(process)]
fn survive(folder: &Path, at_run: usize) -> usize {
    let run = note_a_run(folder);
    if run < at_run { std::process::abort() } else { run }
}

#[pool_task(process, retries = 2)]
fn may_run_thrice(folder: &Path, at_run: usize) -> usize {
    survive(folder, at_run)
}

#[pool_task(process, timeout = "30ms", retries = 1)]
fn spin(folder: &Path) {
    note_a_run(folder);
    loop {
        std::hint::spin_loop();
    }
}

#[test]
fn a_lost_task_runs_again_as_often_as_it_may() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(1)?;
        let folder = tempfile::tempdir()?;
        assert_eq!(pool.submit(may_run_thrice::task(folder.path(), 3)).result()?, 3);
        let folder = tempfile::tempdir()?;
        assert_eq!(pool.submit(survive::task(folder.path(), 2).retries(1)).result()?, 2, "the call says so");
        Ok(())
    })
}

#[test]
fn the_error_of_the_last_attempt_tells_how_many_there_were() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(1)?;
        let folder = tempfile::tempdir()?;
        let error = pool.submit(may_run_thrice::task(folder.path(), 10)).result().expect_err("dead");
        assert!(matches!(&error, TaskError::WorkerDied(death) if death.attempts == 3), "{error:?}");
        assert!(error.to_string().ends_with(", at the last of 3 attempts"), "{error}");
        assert_eq!(runs(folder.path()), 3);
        Ok(())
    })
}

#[test]
fn a_task_that_did_not_say_so_is_never_run_twice() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(1)?;
        let folder = tempfile::tempdir()?;
        let error = pool.submit(survive::task(folder.path(), 2)).result().expect_err("dead");
        assert!(matches!(&error, TaskError::WorkerDied(death) if death.attempts == 1), "{error:?}");
        assert!(!error.to_string().contains("attempt"), "{error}");
        let error = pool.submit(may_run_thrice::task(folder.path(), 9).retries(0)).result().expect_err("dead");
        assert!(matches!(&error, TaskError::WorkerDied(death) if death.attempts == 1), "{error:?}");
        assert_eq!(runs(folder.path()), 2);
        Ok(())
    })
}

#[test]
fn a_task_that_ran_out_of_time_runs_again_with_all_of_its_time() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(1)?;
        let folder = tempfile::tempdir()?;
        let error = pool.submit(spin::task(folder.path())).result().expect_err("an endless loop");
        let own = Duration::from_millis(30);
        assert!(matches!(error, TaskError::TimedOut { limit, attempts: 2, .. } if limit == own), "{error:?}");
        assert!(error.to_string().ends_with(", at the last of 2 attempts"), "{error}");
        Ok(())
    })
}

#[test]
fn results_are_not_tried_again() -> Outcome {
    #[pool_task(process, retries = 5)]
    fn panic(folder: &Path) {
        note_a_run(folder);
        panic!("on purpose");
    }
    #[pool_task(process, retries = 5)]
    fn refuse(folder: &Path) -> Result<(), String> {
        note_a_run(folder);
        Err("on purpose".into())
    }
    limited(|| {
        let pool = ProcessPoolExecutor::new(1)?;
        let folder = tempfile::tempdir()?;
        assert!(matches!(pool.submit(panic::task(folder.path())).result(), Err(TaskError::Panicked(_))));
        assert_eq!(pool.submit(refuse::task(folder.path())).result()?, Err("on purpose".to_owned()));
        assert_eq!(runs(folder.path()), 2);
        Ok(())
    })
}

#[test]
fn an_abort_of_the_pool_is_not_tried_again() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(1)?;
        let folder = tempfile::tempdir()?;
        let future = pool.submit(spin::task(folder.path()).timeout(Duration::MAX).retries(u32::MAX));
        while runs(folder.path()) == 0 {
            std::thread::yield_now();
        }
        pool.shutdown(Shutdown::Abort { grace: Duration::ZERO });
        assert!(matches!(future.result(), Err(TaskError::PoolShutDown)));
        assert_eq!(runs(folder.path()), 1);
        Ok(())
    })
}

#[test]
fn in_a_chunk_only_the_lost_call_runs_again() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(1)?;
        let folders = [1, 3, 1, 9, 2].map(|at_run| (tempfile::tempdir().expect("a folder"), at_run));
        let places = folders.each_ref().map(|(folder, at_run)| (folder.path(), *at_run));
        let calls = |(folder, at_run)| may_run_thrice::task(folder, at_run);
        let results: Vec<_> = pool.map(calls, places).chunk_size(5).collect();
        let ends: Vec<_> = results.iter().map(|result| result.as_ref().ok().copied()).collect();
        assert_eq!(ends, [Some(1), Some(3), Some(1), None, Some(2)]);
        let all_runs: Vec<_> = folders.iter().map(|(folder, _)| runs(folder.path())).collect();
        assert_eq!(all_runs, [1, 3, 1, 3, 2]);
        assert!(matches!(&results[3], Err(TaskError::WorkerDied(death)) if death.attempts == 3), "{:?}", results[3]);
        Ok(())
    })
}

#[test]
fn on_threads_retries_change_nothing() -> Outcome {
    limited(|| {
        let pool = ThreadPoolExecutor::new(1)?;
        let folder = tempfile::tempdir()?;
        assert_eq!(pool.submit(may_run_thrice::task(folder.path(), 1)).result()?, 1);
        Ok(())
    })
}

const SHORT: Duration = Duration::from_millis(20);

#[pool_task(process, timeout = SHORT)]
fn limited_by_a_constant() {
    loop {
        std::hint::spin_loop();
    }
}

#[test]
fn the_tasks_limit_goes_before_the_pools_and_the_calls_before_the_tasks() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::builder().max_workers(1).timeout(Duration::MAX).build()?;
        let limit_of = |future: TaskFuture<()>| match future.result() {
            Err(TaskError::TimedOut { limit, attempts: 1, .. }) => limit,
            other => panic!("no time-out: {other:?}"),
        };
        assert_eq!(limit_of(pool.submit(limited_by_a_constant::task())), SHORT);
        let own = Duration::from_millis(10);
        assert_eq!(limit_of(pool.submit(limited_by_a_constant::task().timeout(own))), own);
        Ok(())
    })
}

#[test]
fn a_thread_task_with_a_limit_releases_its_waiter() -> Outcome {
    #[pool_task(thread, timeout = "20ms")]
    #[expect(clippy::needless_pass_by_value, reason = "a thread task owns what it waits for")]
    fn wait(until: std::sync::mpsc::Receiver<()>) {
        until.recv().expect_err("the sender is dropped");
    }
    limited(|| {
        let pool = ThreadPoolExecutor::new(1)?;
        let (sender, receiver) = std::sync::mpsc::channel();
        let error = pool.submit(wait::task(receiver)).result().expect_err("it waits");
        assert!(matches!(error, TaskError::TimedOut { limit, attempts: 1, .. } if limit == SHORT), "{error:?}");
        drop(sender);
        Ok(())
    })
}

/// Tells what it is asked to run, and refuses it.
struct Told;

impl Executor for Told {
    fn start(&self, run: Run<'_>) {
        let (name, version) = (run.name(), run.version());
        let job = run.encode().expect("numbers can be encoded");
        assert_eq!((job.name(), job.version()), (name, version));
        let job = RemoteJob::start(job).expect("nobody cancelled it");
        let told = postcard::to_stdvec(&(name, version, job.retries())).expect("a name and numbers");
        job.finish(Ok(&told));
    }
    fn shutdown(&self, _: Shutdown) {}
}

mod first {
    #[executor_runtime::pool_task(process, name = "answer", version = 1)]
    pub(super) fn answer() -> (String, u32, u32) {
        ("the first".into(), 1, 0)
    }
}

mod second {
    #[executor_runtime::pool_task(process, name = "answer", version = 2, retries = 7)]
    pub(super) fn answer() -> (String, u32, u32) {
        ("the second".into(), 2, 7)
    }
}

#[test]
fn two_versions_of_one_task_live_side_by_side() -> Outcome {
    limited(|| {
        let pool = ProcessPoolExecutor::new(1)?;
        assert_eq!(pool.submit(first::answer::task()).result()?.0, "the first");
        assert_eq!(pool.submit(second::answer::task()).result()?.0, "the second");
        Ok(())
    })
}

#[test]
fn an_executor_is_told_name_version_and_retries() -> Outcome {
    assert_eq!(Told.submit(first::answer::task()).result()?, ("answer".into(), 1, 0));
    assert_eq!(Told.submit(second::answer::task()).result()?, ("answer".into(), 2, 7));
    assert_eq!(Told.submit(second::answer::task().retries(3)).result()?, ("answer".into(), 2, 3));
    assert_eq!(square::RETRIES, 0);
    assert_eq!(<square as executor_runtime::ProcessTask>::VERSION, 0);
    Ok(())
}
