//! Workers that are killed from outside: idle, at work, on their way, and in the middle of a message.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use executor_runtime::Transport;
use executor_tests::children;
use executor_tests::faulty::*;
use executor_tests::gate::{self, Gate};
use executor_tests::tasks::square;
use rustix::process::Signal;

use crate::Outcome;
use crate::stage::{Stage, Worker};

/// Far more than any link holds on its way, and than a worker reads before it dies.
const LARGE_LEN_BYTES: usize = 32 << 20;

faults! {
    a_worker_that_is_killed_idle_costs_nobody_anything
    a_worker_that_is_killed_at_work_fails_its_task
    workers_that_are_killed_on_their_way_cost_nobody_anything
    a_worker_that_is_killed_while_it_writes_an_answer_fails_its_task
    a_worker_that_is_killed_while_it_reads_an_argument_hangs_nobody
}

fn a_worker_that_is_killed_idle_costs_nobody_anything(stage: &Stage) -> Outcome {
    stage.fault(
        |scene| {
            scene.quiet();
            children::send(scene.worker, Signal::KILL);
            children::await_end(scene.worker);
            scene.pool.submit(square::task(3))
        },
        |_, future| {
            assert_eq!(future.result().expect("a square"), 9);
            Worker::Lost
        },
    )
}

fn a_worker_that_is_killed_at_work_fails_its_task(stage: &Stage) -> Outcome {
    stage.fault(
        |scene| {
            let gate = Gate::new(scene.folder(), "the fault's");
            let future = scene.pool.submit(gate::pass::task(gate.path()));
            let _waiting = gate.await_task();
            children::send(scene.worker, Signal::KILL);
            future
        },
        |scene, future| scene.dies_by(future, "SIGKILL"),
    )
}

fn workers_that_are_killed_on_their_way_cost_nobody_anything(stage: &Stage) -> Outcome {
    /// More than a worker is started for reasons of its own.
    const KILLS: usize = 12;

    if stage.transport == Transport::IpcChannel {
        // `ipc-channel` 0.23 forgets its socket when it cannot connect, as to a worker that is killed just before.
        stage.lost_descriptors.set(KILLS);
    }
    stage.fault(
        |scene| {
            scene.quiet();
            let mut worker = scene.worker;
            // Each is killed as soon as it is there, whatever it has got to by then.
            for _ in 1..KILLS {
                let known = children::pids();
                children::send(worker, Signal::KILL);
                worker = loop {
                    if let Some(new) = children::pids().into_iter().find(|pid| !known.contains(pid)) {
                        break new;
                    }
                };
            }
            children::send(worker, Signal::KILL);
            children::await_end(worker);
            scene.pool.submit(square::task(3))
        },
        |scene, future| {
            assert_eq!(future.result().expect("a square"), 9);
            if scene.transport == Transport::IpcChannel {
                sweep();
            }
            Worker::Lost
        },
    )
}

/// Removes the empty sockets that `ipc-channel` leaves when a worker is killed on its way.
fn sweep() {
    for entry in fs::read_dir(std::env::temp_dir()).expect("a folder") {
        let folder = entry.expect("an entry").path();
        let mut entries = fs::read_dir(&folder).expect("a folder");
        if entries.all(|entry| entry.expect("an entry").file_name() == "socket") {
            fs::remove_dir_all(folder).expect("our own folder");
        }
    }
}

fn a_worker_that_is_killed_while_it_writes_an_answer_fails_its_task(stage: &Stage) -> Outcome {
    stage.fault(
        |scene| scene.pool.submit(die_answering::task(LARGE_LEN_BYTES)),
        |scene, future| scene.dies_by(future, "SIGKILL"),
    )
}

fn a_worker_that_is_killed_while_it_reads_an_argument_hangs_nobody(stage: &Stage) -> Outcome {
    stage.fault(
        |scene| {
            scene.quiet();
            // It reads nothing for now, so that the link is full and the pool waits.
            children::stop(scene.worker);
            let future = scene.pool.submit(length::task(vec![1; LARGE_LEN_BYTES]));
            while !children::threads_sleep("ProcessPoolExec") {
                thread::sleep(Duration::from_millis(1));
            }
            // Now it reads what there is, and the pool, of which all threads have to stand, writes nothing until it is dead.
            let (pool, worker) = (std::process::id(), scene.worker);
            let script = format!(
                "kill -STOP {pool}
                while grep -h ^State: /proc/{pool}/task/*/status | grep -qv stopped; do :; done
                kill -CONT {worker}; sleep 0.02; kill -KILL {worker}; kill -CONT {pool}"
            );
            assert!(Command::new("sh").args(["-c", &script]).status().expect("a shell").success());
            future
        },
        |scene, future| {
            if scene.transport == Transport::IpcChannel {
                return scene.dies_by(future, "SIGKILL");
            }
            // It had not started, which can be seen in shared memory.
            assert_eq!(future.result().expect("the length"), LARGE_LEN_BYTES);
            Worker::Lost
        },
    )
}
