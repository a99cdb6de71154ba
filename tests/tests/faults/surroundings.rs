//! Systems and programs that do not let a pool have what it needs, or take it away.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use executor_runtime::prelude::*;
use executor_runtime::{Transport, WorkerExit};
use executor_tests::faulty::run_a_program;
use executor_tests::tasks::{abort, abort_on, echo_owned, spin, square};
use executor_tests::{children, raw};
use rustix::fs::statvfs;
use rustix::process::{Resource, Rlimit, WaitOptions, getrlimit, setrlimit, waitpid};

use crate::Outcome;
use crate::program::{name_of, said_by_nobody};
use crate::stage::{Stage, Worker};
use crate::suite::{Test, run};

faults! {
    no_descriptor_for_a_worker_is_told
    no_descriptor_for_a_worker_for_a_moment_is_waited_for
    few_descriptors_for_a_worker_for_a_moment_are_waited_for
    a_program_that_has_given_up_its_descriptors_keeps_its_workers
    no_process_for_a_worker_is_told
    no_process_for_a_worker_for_a_moment_is_waited_for
    a_program_whose_file_is_deleted_starts_workers
    a_program_whose_file_is_replaced_starts_workers
    a_temporary_directory_that_cannot_be_written_is_told_or_not_needed
    a_program_that_ignores_its_childrens_ends_hears_of_deaths
    a_program_that_reaps_all_children_hears_of_deaths
    a_full_file_system_of_shared_memory_does_not_matter
        (after "
            if unshare --mount --map-root-user true; then
                export TINY=1
                set -- sh -c 'mount -t tmpfs -o size=4k tmpfs /dev/shm; cat /dev/zero > /dev/shm/full; exec \"$@\"' sh \"$@\"
                set -- unshare --mount --map-root-user \"$@\"
            fi")
}

fn no_descriptor_for_a_worker_is_told(stage: &Stage) -> Outcome {
    stage.leaves_nothing(|| {
        let pool = stage.builder().max_workers(1).start_timeout(Duration::from_millis(500)).build()?;
        assert_eq!(pool.submit(square::task(2)).result()?, 4);
        let allowed = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: Some(3), ..allowed })?;
        // What is left of a chunk whose worker dies waits for the next one, before everybody else.
        let mut chunk = pool.map(|n| abort_on::task(n, 1), 0..4).chunk_size(4);
        let first = chunk.next().expect("four calls");
        let died = chunk.next().expect("four calls").map(drop);
        let others: Vec<_> = chunk.chain((0..20).map(|n| pool.submit(square::task(n)).result())).collect();
        setrlimit(Resource::Nofile, allowed)?;
        assert_eq!((first?, others.len()), (0, 22));
        assert!(matches!(died, Err(TaskError::WorkerDied(_))), "{died:?}");
        for other in others {
            let Err(TaskError::PoolBroken { cause }) = other else { panic!("{other:?}") };
            assert!(matches!(&*cause, PoolError::SpawnWorker(_)), "{cause:?}");
        }
        drop(pool);
        assert_eq!(stage.builder().build()?.submit(square::task(3)).result()?, 9);
        Ok(())
    })
}

fn no_descriptor_for_a_worker_for_a_moment_is_waited_for(stage: &Stage) -> Outcome {
    let allowed = getrlimit(Resource::Nofile);
    stage.fault(
        |scene| {
            scene.quiet();
            // What is open stays open, and nothing can be opened any more.
            setrlimit(Resource::Nofile, Rlimit { current: Some(3), ..allowed }).expect("a lower limit");
            scene.pool.submit(abort::task())
        },
        |scene, future| {
            let fate = scene.dies_by(future, "SIGABRT");
            // Long enough for some attempts.
            thread::sleep(Duration::from_millis(50));
            setrlimit(Resource::Nofile, allowed).expect("the limit that was");
            fate
        },
    )
}

/// However far the start of a worker comes.
fn few_descriptors_for_a_worker_for_a_moment_are_waited_for(stage: &Stage) -> Outcome {
    stage.leaves_nothing(|| {
        let allowed = getrlimit(Resource::Nofile);
        for left in 0..12 {
            let pool = stage.builder().max_workers(1).build()?;
            assert_eq!(pool.submit(square::task(2)).result()?, 4);
            setrlimit(Resource::Nofile, Rlimit { current: Some(children::descriptors() as u64 + 20), ..allowed })?;
            let mut taken = Vec::new();
            while let Ok(file) = File::open("/dev/null") {
                taken.push(file);
            }
            taken.truncate(taken.len() - left);
            let died = pool.submit(abort::task()).result();
            let waiting = pool.submit(square::task(3));
            thread::sleep(Duration::from_millis(60));
            drop(taken);
            setrlimit(Resource::Nofile, allowed)?;
            assert!(matches!(died, Err(TaskError::WorkerDied(_))), "{left}: {died:?}");
            assert_eq!(waiting.result().map_err(|error| format!("{left}: {error:?}"))?, 9);
        }
        Ok(())
    })
}

/// Of none at all the system says more than that there is none.
fn a_program_that_has_given_up_its_descriptors_keeps_its_workers(stage: &Stage) -> Outcome {
    stage.leaves_nothing(|| {
        let allowed = getrlimit(Resource::Nofile);
        let pool = stage.builder().build()?;
        assert_eq!(pool.submit(square::task(2)).result()?, 4);
        setrlimit(Resource::Nofile, Rlimit { current: Some(0), ..allowed })?;
        let values: Vec<_> = (0..20).map(|n| pool.submit(square::task(n)).result()).collect();
        let killed = pool.submit(spin::task());
        while !killed.is_running() && !killed.is_done() {
            thread::yield_now();
        }
        assert!(killed.kill());
        let killed = killed.result();
        drop(pool);
        setrlimit(Resource::Nofile, allowed)?;
        for (n, value) in (0..).zip(values) {
            assert_eq!(value?, n * n);
        }
        assert!(matches!(killed, Err(TaskError::Cancelled)), "{killed:?}");
        Ok(())
    })
}

fn no_process_for_a_worker_for_a_moment_is_waited_for(stage: &Stage) -> Outcome {
    stage.leaves_nothing(|| {
        let host = env!("CARGO_BIN_EXE_host");
        let said = said_by_nobody(host, &[name_of(stage.transport), "may-start-nothing-for-a-moment"], |_| {});
        assert!(said.contains("SIGABRT") && said.ends_with("value 9\n"), "{said}");
        Ok(())
    })
}

fn no_process_for_a_worker_is_told(stage: &Stage) -> Outcome {
    stage.leaves_nothing(|| {
        let host = env!("CARGO_BIN_EXE_host");
        let said = said_by_nobody(host, &[name_of(stage.transport), "may-start-nothing"], |_| {});
        let told: Vec<_> = said.lines().collect();
        let [died, first, second, "value 9"] = told[..] else { panic!("{said}") };
        assert!(died.contains("SIGABRT"), "{said}");
        assert!(first.starts_with("could not start a worker process: Resource temporarily unavailable"), "{said}");
        assert_eq!(first, second);
        Ok(())
    })
}

fn loses_its_file(stage: &Stage, how: &str) -> Outcome {
    stage.leaves_nothing(|| {
        let host = env!("CARGO_BIN_EXE_host");
        let said = said_by_nobody(host, &[name_of(stage.transport), "loses-its-file", how], |_| {});
        assert!(said.contains("SIGABRT") && said.ends_with("value 9\n"), "{said}");
        Ok(())
    })
}

fn a_program_whose_file_is_deleted_starts_workers(stage: &Stage) -> Outcome {
    loses_its_file(stage, "deleted")
}

fn a_program_whose_file_is_replaced_starts_workers(stage: &Stage) -> Outcome {
    loses_its_file(stage, "replaced")
}

fn a_temporary_directory_that_cannot_be_written_is_told_or_not_needed(stage: &Stage) -> Outcome {
    stage.leaves_nothing(|| {
        let folder = tempfile::tempdir()?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555))?;
        let said = said_by_nobody(env!("CARGO_BIN_EXE_one_task"), &[name_of(stage.transport)], |program| {
            program.env("TMPDIR", folder.path());
        });
        if stage.transport == Transport::SharedMemory {
            assert_eq!(said, "value 9\n");
        } else {
            let told = format!(
                "task error: the pool is broken: could not link to a worker process: no socket in the temporary \
                 directory {}: Permission denied",
                folder.path().display()
            );
            assert!(said.starts_with(&told), "{said}");
        }
        Ok(())
    })
}

fn a_program_that_ignores_its_childrens_ends_hears_of_deaths(stage: &Stage) -> Outcome {
    raw::ignore_childrens_ends();
    stage.fault(
        |scene| scene.pool.submit(abort::task()),
        |scene, future| {
            // The system has thrown away how it ended.
            assert_eq!(scene.death(future).exit, WorkerExit::Unknown);
            // Its tasks hear of their own.
            assert_eq!(scene.pool.submit(run_a_program::task(3)).result().expect("its code"), Some(3));
            Worker::Lost
        },
    )
}

fn a_program_that_reaps_all_children_hears_of_deaths(stage: &Stage) -> Outcome {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                // There may be no child at all.
                let _ = waitpid(None, WaitOptions::NOHANG);
                thread::yield_now();
            }
        });
        let outcome = stage.fault(
            |scene| scene.pool.submit(abort::task()),
            |scene, future| {
                let exit = scene.death(future).exit;
                // As who comes first hears of it.
                assert!(matches!(exit, WorkerExit::Unknown | WorkerExit::Signal(6)), "{exit}");
                Worker::Lost
            },
        );
        stop.store(true, Ordering::Relaxed);
        outcome
    })
}

/// What is shared with a worker has no name in any file system.
fn a_full_file_system_of_shared_memory_does_not_matter(stage: &Stage) -> Outcome {
    const LARGE_LEN_BYTES: usize = 8 << 20;

    if std::env::var_os("TINY").is_some() {
        assert_eq!(statvfs("/dev/shm")?.f_bfree, 0);
    }
    stage.fault(
        |scene| scene.pool.submit(echo_owned::task(vec![1; LARGE_LEN_BYTES])),
        |scene, future| {
            assert!(future.result().expect("echoed") == vec![1; LARGE_LEN_BYTES]);
            for process in children::pids().into_iter().chain([std::process::id()]) {
                let maps = fs::read_to_string(format!("/proc/{process}/maps")).expect("its memory");
                assert!(!maps.contains("/dev/shm"), "{maps}");
            }
            assert!(children::lives(scene.worker));
            Worker::Kept
        },
    )
}

/// Both transports in one process, since there may not be room for two.
#[test]
fn a_host_of_four_gibibytes_starts_workers() -> Outcome {
    const BALLAST_LEN_BYTES: usize = 4 << 30;

    let test = Test { module: module_path!(), name: "a_host_of_four_gibibytes_starts_workers" };
    run(&test, "", Transport::SharedMemory, |_| {
        let available = fs::read_to_string("/proc/meminfo")?;
        let available = available.lines().find_map(|line| line.strip_prefix("MemAvailable:")).expect("a number");
        let available_bytes = available.trim().trim_end_matches(" kB").parse::<usize>()? << 10;
        let ballast = vec![1_u8; BALLAST_LEN_BYTES.min(available_bytes / 2)];
        assert!(children::resident_bytes() > ballast.len() as u64);
        for transport in [Transport::SharedMemory, Transport::IpcChannel] {
            Stage::over(transport)
                .fault(|scene| scene.pool.submit(abort::task()), |scene, future| scene.dies_by(future, "SIGABRT"))?;
        }
        drop(std::hint::black_box(ballast));
        Ok(())
    })
}
