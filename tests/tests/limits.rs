//! What the workers of a pool may take: what a task sees of it, and what happens where that is passed.

use std::collections::BTreeSet;
use std::env;
use std::io::ErrorKind;
use std::process::Command;
use std::thread;
use std::time::Duration;

use executor_runtime::prelude::*;
use executor_runtime::{PoolError, ProcessPoolBuilder, Transport, WorkerExit};
use executor_tests::children::lives;
use executor_tests::gate::{Gate, pass};
use executor_tests::limits::*;
use executor_tests::tasks::{abort, count, echo_owned, nothing, pid, spin, square};
use executor_tests::watchdog::limited;
use rustix::process::{Resource, Rlimit, geteuid, setrlimit};
use rustix::thread::{CapabilitySet, CpuSet, remove_capability_from_bounding_set, sched_getaffinity};

type Outcome = Result<(), Box<dyn std::error::Error>>;

const MIB: u64 = 1 << 20;

fn on_each_transport(test: impl Fn(ProcessPoolBuilder) -> Outcome) -> Outcome {
    limited(|| {
        for transport in [Transport::SharedMemory, Transport::IpcChannel] {
            test(ProcessPoolExecutor::builder().max_workers(1).transport(transport))?;
        }
        Ok(())
    })
}

/// The name of the signal that ended the worker of a task.
fn signal_of<T: std::fmt::Debug>(result: Result<T, TaskError>) -> &'static str {
    match result {
        Err(TaskError::WorkerDied(death)) => match death.exit {
            WorkerExit::Signal(_) => death.exit.signal_name().expect("a signal with a name"),
            exit => panic!("another end: {exit:?}"),
        },
        other => panic!("another outcome: {other:?}"),
    }
}

/// What a pool of such workers is broken by.
fn refused(builder: ProcessPoolBuilder) -> (String, std::io::Error) {
    let pool = match builder.build() {
        Ok(pool) => pool,
        Err(PoolError::Limit { what, error }) => return (what, error),
        Err(error) => panic!("another error: {error}"),
    };
    match pool.submit(square::task(3)).result() {
        Err(TaskError::PoolBroken { cause }) => match &*cause {
            PoolError::Limit { what, error } => {
                let copy = match error.raw_os_error() {
                    Some(number) => std::io::Error::from_raw_os_error(number),
                    None => std::io::Error::new(error.kind(), error.to_string()),
                };
                (what.clone(), copy)
            }
            other => panic!("another cause: {other}"),
        },
        other => panic!("another outcome: {other:?}"),
    }
}

fn both(number: u64) -> (String, String) {
    (number.to_string(), number.to_string())
}

#[test]
fn endless_allocation_ends_its_own_worker_and_no_other() -> Outcome {
    on_each_transport(|builder| {
        let folder = tempfile::tempdir()?;
        let gate = Gate::new(folder.path(), "gate");
        let pool = builder.max_workers(2).memory_limit(128 * MIB).build()?;
        assert_eq!(pool.submit(limit::task("Max data size")).result()?, both(128 * MIB));
        let other = pool.submit(pass::task(gate.path()));
        let waiting = gate.await_task();
        for _ in 0..3 {
            assert_eq!(signal_of(pool.submit(allocate_for_ever::task()).result()), "SIGABRT");
        }
        waiting.open();
        other.result()?;
        assert!(pool.submit(can_reserve::task(32 << 20)).result()?);
        assert!(!pool.submit(can_reserve::task(128 << 20)).result()?);
        Ok(())
    })
}

#[test]
fn a_worker_with_the_least_memory_that_is_asked_for_runs() -> Outcome {
    on_each_transport(|builder| {
        let (what, error) = refused(builder.clone().memory_limit(MIB));
        assert_eq!((what.as_str(), error.kind()), ("memory_limit = 1048576", ErrorKind::InvalidInput));
        let told = error.to_string();
        let needed = told.strip_prefix("a worker needs ").and_then(|rest| rest.split(' ').next());
        let needed: u64 = needed.ok_or(told.clone())?.parse()?;
        assert!(needed > 8 * MIB && told.contains("8388608 of them as its stack"), "{told}");
        // Another worker may need a page more.
        let pool = builder.memory_limit(needed + MIB / 8).build()?;
        assert_eq!(pool.submit(square::task(3)).result()?, 9);
        assert_eq!(signal_of(pool.submit(allocate_for_ever::task()).result()), "SIGABRT");
        Ok(())
    })
}

#[test]
fn a_worker_that_has_used_its_processor_time_ends_and_is_replaced() -> Outcome {
    on_each_transport(|builder| {
        let pool = builder.cpu_time_limit(Duration::from_millis(100)).build()?;
        // Whole seconds, and one more until nobody asks it any more.
        let seconds = ("1".to_owned(), "2".to_owned());
        assert_eq!(pool.submit(limit::task("Max cpu time")).result()?, seconds);
        assert_eq!(signal_of(pool.submit(spin::task()).result()), "SIGXCPU");
        assert_eq!(pool.submit(square::task(3)).result()?, 9);
        Ok(())
    })
}

#[test]
fn one_file_too_many_is_an_error_of_the_task() -> Outcome {
    on_each_transport(|builder| {
        let pool = builder.open_files_limit(50).build()?;
        assert_eq!(pool.submit(limit::task("Max open files")).result()?, both(50));
        pool.submit(open_many::task(20)).result()??;
        let error = pool.submit(open_many::task(50)).result()?.expect_err("too many");
        assert!(error.starts_with("Too many open files"), "{error}");
        Ok(())
    })
}

#[test]
fn a_worker_works_with_the_fewest_files_that_it_may_have() -> Outcome {
    on_each_transport(|builder| {
        let pool = builder.open_files_limit(10).build()?;
        assert_eq!(pool.submit(square::task(3)).result()?, 9);
        let bytes = vec![7; 1 << 20];
        assert!(pool.submit(echo_owned::task(bytes.clone())).result()? == bytes);
        Ok(())
    })
}

#[test]
fn a_file_that_gets_too_long_is_an_error_of_the_task() -> Outcome {
    on_each_transport(|builder| {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("file");
        let pool = builder.file_size_limit(64 << 10).build()?;
        assert_eq!(pool.submit(limit::task("Max file size")).result()?, both(64 << 10));
        let worker = pool.submit(write_file::task(&path, 64 << 10)).result()??;
        let error = pool.submit(write_file::task(&path, 65 << 10)).result()?.expect_err("too long");
        assert_eq!((error.as_str(), std::fs::metadata(&path)?.len()), ("FileTooLarge", 64 << 10));
        assert_eq!(pool.submit(pid::task()).result()?, worker);
        // What travels between the two is no file.
        let long = "x".repeat(1 << 20);
        assert_eq!(pool.submit(count::task(&long, "x")).result()?, 1 << 20);
        Ok(())
    })
}

#[test]
fn every_thread_of_a_worker_is_nice() -> Outcome {
    on_each_transport(|builder| {
        let pool = builder.nice(7).initializer(expect_niceness::task(7)).build()?;
        let found = pool.submit(niceness::task()).result()?;
        // The one that waits for the parent, the one that runs tasks, and the task's own.
        assert!(found.len() >= 3 && found.iter().all(|&niceness| niceness == 7), "{found:?}");
        Ok(())
    })
}

#[test]
fn a_niceness_that_is_not_for_everybody_is_refused_without_the_right_to_it() -> Outcome {
    limited(|| {
        // The right belongs to a thread and those that come from it. Who is not root never had it.
        let given_up = remove_capability_from_bounding_set(CapabilitySet::SYS_NICE);
        assert!(given_up.is_ok() || !geteuid().is_root(), "{given_up:?}");
        setrlimit(Resource::Nice, Rlimit { current: Some(0), maximum: Some(0) })?;
        let (what, error) = refused(ProcessPoolExecutor::builder().max_workers(1).nice(-7));
        assert_eq!((what.as_str(), error.kind()), ("nice = -7", ErrorKind::PermissionDenied));
        Ok(())
    })
}

#[test]
fn every_thread_of_a_worker_runs_where_it_is_told() -> Outcome {
    let ours = sched_getaffinity(None)?;
    let last = (0..CpuSet::MAX_CPU).rev().find(|&number| ours.is_set(number)).ok_or("no processor")?;
    on_each_transport(|builder| {
        let pool = builder.cpu_affinity([last, last]).build()?;
        let found = pool.submit(processors::task()).result()?;
        assert!(found.len() >= 3 && found.iter().all(|list| *list == last.to_string()), "{found:?}");
        Ok(())
    })
}

#[test]
fn what_this_machine_has_not_got_breaks_the_pool_and_is_told() -> Outcome {
    on_each_transport(|builder| {
        let ours = sched_getaffinity(None)?;
        let first = (0..CpuSet::MAX_CPU).find(|&number| ours.is_set(number)).ok_or("no processor")?;
        let absent = CpuSet::MAX_CPU - 1;
        // None of them is there, and one of them.
        let (what, error) = refused(builder.clone().cpu_affinity([absent]));
        assert_eq!((what, error.kind()), (format!("cpu_affinity = [{absent}]"), ErrorKind::InvalidInput));
        let (what, error) = refused(builder.clone().cpu_affinity([absent, first]));
        assert_eq!(what, format!("cpu_affinity = [{first}, {absent}]"));
        assert_eq!(error.to_string(), format!("processor {absent} is not there or not for this process"));
        let (what, error) = refused(builder.clone().current_dir("/nowhere/at/all"));
        assert_eq!((what.as_str(), error.kind()), ("current_dir = \"/nowhere/at/all\"", ErrorKind::NotFound));
        // More than the system gives to anybody.
        let (what, error) = refused(builder.open_files_limit(1 << 40));
        assert_eq!((what, error.kind()), (format!("open_files_limit = {}", 1_u64 << 40), ErrorKind::PermissionDenied));
        Ok(())
    })
}

#[test]
fn what_no_machine_has_is_refused_when_the_pool_is_built() {
    let builder = ProcessPoolExecutor::builder;
    let limits = [
        (builder().memory_limit(0), "memory_limit = 0"),
        (builder().max_memory_per_child(0), "max_memory_per_child = 0"),
        (builder().cpu_time_limit(Duration::ZERO), "cpu_time_limit = 0s"),
        (builder().open_files_limit(9), "open_files_limit = 9"),
        (builder().nice(20), "nice = 20"),
        (builder().cpu_affinity([]), "cpu_affinity = []"),
        (builder().cpu_affinity([1 << 20]), "cpu_affinity = [1048576]"),
        (builder().current_dir(""), "current_dir = \"\""),
        (builder().env("A=B", "c"), "env = (\"A=B\", \"c\")"),
        (builder().env("", "c"), "env = (\"\", \"c\")"),
        (builder().env("A", "c\0"), "env = (\"A\", \"c\\0\")"),
        (builder().inner_max_num_threads(0), "inner_max_num_threads = 0"),
    ];
    for (builder, expected) in limits {
        match builder.build() {
            Err(PoolError::Limit { what, error }) => {
                assert_eq!((what.as_str(), error.kind()), (expected, ErrorKind::InvalidInput));
            }
            other => panic!("{expected}: {other:?}"),
        }
    }
}

#[test]
fn workers_have_the_parents_environment_and_what_was_added() -> Outcome {
    on_each_transport(|builder| {
        let builder = builder.env("LIMITS_A", "1").envs([("LIMITS_B", "2"), ("LIMITS_A", "3")]).env("HOME", "/there");
        // It stays a worker, and its own programs stay none.
        let pool = builder.env("EXECUTOR_RUNTIME_WORKER", "1").build()?;
        let variable = |name| pool.submit(variable::task(name)).result();
        assert_eq!(variable("LIMITS_A")?.as_deref(), Some("3"));
        assert_eq!(variable("LIMITS_B")?.as_deref(), Some("2"));
        assert_eq!(variable("HOME")?.as_deref(), Some("/there"));
        assert_eq!(variable("PATH")?, env::var("PATH").ok());
        assert_eq!(variable("EXECUTOR_RUNTIME_WORKER")?, None);
        assert_eq!(env::var_os("LIMITS_A"), None);
        Ok(())
    })
}

#[test]
fn libraries_are_told_the_workers_share_of_threads_unless_somebody_has_told_them() -> Outcome {
    const NAMES: [&str; 6] = [
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "RAYON_NUM_THREADS",
    ];
    const TOLD: &str = "OMP_NUM_THREADS";

    if env::var_os("TOLD").is_none() {
        // Another environment is another process.
        let mut this = Command::new(env::current_exe()?);
        for name in NAMES {
            this.env_remove(name);
        }
        let test = thread::current().name().ok_or("a test has a name")?.to_owned();
        let ended = this.args([&test, "--exact"]).env("TOLD", "1").env(TOLD, "77").output()?;
        assert!(ended.status.success() && String::from_utf8_lossy(&ended.stdout).contains("1 passed"), "{ended:?}");
        return Ok(());
    }
    let processors = thread::available_parallelism()?.get();
    on_each_transport(|builder| {
        let seen = |builder: ProcessPoolBuilder| -> Result<Vec<_>, Box<dyn std::error::Error>> {
            let pool = builder.build()?;
            NAMES.iter().map(|name| Ok(pool.submit(variable::task(name)).result()?)).collect()
        };
        let all = |number: usize| vec![Some(number.to_string()); NAMES.len()];
        let with_told = |mut all: Vec<Option<String>>| {
            all[0] = Some("77".to_owned());
            all
        };
        assert_eq!(seen(builder.clone())?, with_told(all(processors)));
        assert_eq!(seen(builder.clone().max_workers(processors * 2))?, with_told(all(1)));
        assert_eq!(seen(builder.clone().inner_max_num_threads(3))?, all(3));
        assert_eq!(seen(builder.clone().inner_max_num_threads(None))?, with_told(vec![None; NAMES.len()]));
        assert_eq!(seen(builder.env(TOLD, "5"))?[0].as_deref(), Some("5"));
        Ok(())
    })
}

#[test]
fn workers_start_in_the_directory_they_are_told() -> Outcome {
    on_each_transport(|builder| {
        let folder = tempfile::tempdir()?;
        let path = folder.path().canonicalize()?;
        let pool = builder.current_dir(&path).build()?;
        assert_eq!(pool.submit(directory::task()).result()?, path);
        // A worker that cannot start there any more is told like one that never could.
        drop(folder);
        assert_eq!(signal_of(pool.submit(abort::task()).result()), "SIGABRT");
        let error = pool.submit(square::task(3)).result().expect_err("no directory");
        assert!(error.to_string().contains("current_dir"), "{error}");
        Ok(())
    })
}

#[test]
fn a_pool_inside_of_a_task_has_the_limits_of_its_worker() -> Outcome {
    on_each_transport(|builder| {
        let pool = builder.memory_limit(512 * MIB).build()?;
        assert_eq!(pool.submit(limit_one_pool_deeper::task("Max data size")).result()?, both(512 * MIB));
        Ok(())
    })
}

#[test]
fn a_worker_that_has_grown_too_large_is_replaced_and_no_task_fails() -> Outcome {
    on_each_transport(|builder| {
        let pool = builder.max_memory_per_child(200 * MIB).build()?;
        let pids = (0..16).map(|_| pool.submit(leak::task(32 << 20)).result()).collect::<Result<Vec<_>, _>>()?;
        let workers: BTreeSet<_> = pids.iter().collect();
        // Six fit, and as many more as it takes to look.
        assert!((2..=3).contains(&workers.len()), "{pids:?}");
        // Also where the next one waits already, alone or in a chunk.
        for chunk in [1, 4] {
            let pids = pool.map(leak::task, [32 << 20; 12]).chunk_size(chunk).collect::<Result<BTreeSet<_>, _>>()?;
            assert!(pids.len() >= 2, "{chunk}: {pids:?}");
        }
        Ok(())
    })
}

#[test]
fn a_worker_that_has_grown_too_large_does_not_wait_for_another_task() -> Outcome {
    on_each_transport(|builder| {
        let pool = builder.max_memory_per_child(20 * MIB).build()?;
        // It is weighed here, and not again when the next one ends so soon.
        pool.submit(nothing::task()).result()?;
        let large = pool.submit(leak::task(20 << 20)).result()?;
        while lives(large) {
            thread::yield_now();
        }
        assert_ne!(pool.submit(pid::task()).result()?, large);
        Ok(())
    })
}

/// Makes its worker large before its first task.
#[pool_task(process)]
fn begin_large() {
    leak(40 << 20);
}

#[test]
fn a_worker_that_is_too_large_from_the_start_runs_a_task_all_the_same() -> Outcome {
    on_each_transport(|builder| {
        let pool = builder.max_memory_per_child(20 * MIB).initializer(begin_large::task()).build()?;
        for n in 0..5 {
            assert_eq!(pool.submit(square::task(n)).result()?, n * n);
        }
        Ok(())
    })
}

#[test]
fn a_worker_that_may_grow_stays() -> Outcome {
    on_each_transport(|builder| {
        let pool = builder.max_memory_per_child(64 << 30).build()?;
        let pids = (0..50).map(|_| pool.submit(leak::task(1 << 20)).result()).collect::<Result<BTreeSet<_>, _>>()?;
        assert_eq!(pids.len(), 1);
        Ok(())
    })
}
