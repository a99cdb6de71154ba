//! A program with a pool, to which something happens.
//!
//! Its arguments: the transport, and what happens. It says what its workers are and that it is ready; what comes next
//! is for the test or for a line on stdin to say.

use std::error::Error;
use std::fs;
use std::io::{self, BufRead};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process;
use std::thread;
use std::time::Duration;

use executor_runtime::prelude::*;
use executor_runtime::{ProcessPoolBuilder, Transport};
use executor_tests::faulty::{leave_a_program, write_without_end};
use executor_tests::gate::{self, Gate};
use executor_tests::tasks::{abort, pid, square};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    executor_tests::raw::heed_interrupts();
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [transport, what @ ..] = arguments.as_slice() else { panic!("usage: host TRANSPORT WHAT..") };
    let builder = ProcessPoolExecutor::builder().max_workers(2).transport(match transport.as_str() {
        "shared-memory" => Transport::SharedMemory,
        "ipc-channel" => Transport::IpcChannel,
        other => panic!("no transport {other:?}"),
    });
    match what.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["ends", state, way, folder] => end(&builder.build()?, state, way, Path::new(folder)),
        ["loses-its-file", how] => lose_file(&builder.build()?, how),
        ["may-start-nothing"] => start_nothing(builder),
        ["may-start-nothing-for-a-moment"] => start_nothing_for_a_moment(&builder.max_workers(1).build()?),
        ["is-not-heard"] => flood(&builder.build()?),
        ["has-closed-its-output"] => run_without_output(&builder),
        _ => panic!("nothing is called {what:?}"),
    }
}

/// Ends in some way, with two workers that are idle, or at a gate, or whose tasks have left programs behind.
fn end(pool: &ProcessPoolExecutor, state: &str, way: &str, folder: &Path) -> Outcome {
    let gates = ["one", "other"].map(|name| Gate::new(folder, name));
    let busy = gates.each_ref().map(|gate| pool.submit(gate::pass::task(gate.path())));
    // Dropped before the pool, which waits for them.
    let at_gates = gates.each_ref().map(Gate::await_task);
    match state {
        "busy" => {
            println!("{:?}", executor_tests::children::pids());
            wait_for_a_word(way);
            if way == "unwinds" {
                drop(at_gates);
                let values = busy.map(|future| future.result().map(|_| "value"));
                println!("{values:?}");
            }
            leave(way)
        }
        "idle" => {
            drop(at_gates);
            let workers = busy.map(|future| future.result().expect("a pid"));
            println!("{workers:?}");
            wait_for_a_word(way);
            leave(way)
        }
        "tells" => {
            drop(at_gates);
            let workers = busy.map(|future| future.result().expect("a pid"));
            pool.submit(tell_the_terminal::task()).result().expect("it may").expect("a terminal");
            println!("{workers:?}");
            wait_for_a_word(way);
            leave(way)
        }
        "parents" => {
            drop(at_gates);
            let workers = busy.map(|future| future.result().expect("a pid"));
            let programs = [(); 2].map(|()| pool.submit(leave_a_program::task()).result().expect("a pid").into());
            println!("{:?}", [workers, programs].concat());
            wait_for_a_word(way);
            leave(way)
        }
        _ => panic!("no state {state:?}"),
    }
}

/// Writes to the terminal, and tries to read from it.
#[pool_task(process)]
fn tell_the_terminal() -> Result<(), String> {
    fs::write("/dev/tty", "told\n").map_err(|error| error.to_string())?;
    let refused = fs::read("/dev/tty").expect_err("the program's own");
    assert_eq!(refused.raw_os_error(), Some(rustix::io::Errno::IO.raw_os_error()));
    Ok(())
}

/// Waits for a line on stdin, or for Ctrl-C if this is a program that takes it for a reason to end.
fn wait_for_a_word(way: &str) {
    if way == "unwinds" {
        let mut signals = Signals::new([SIGINT]).expect("a handler");
        println!("ready");
        signals.forever().next();
    } else {
        println!("ready");
        io::stdin().lock().read_line(&mut String::new()).expect("stdin can be read");
    }
}

fn leave(way: &str) -> Outcome {
    match way {
        "returns" => Ok(()),
        "panics" | "unwinds" => panic!("on purpose"),
        "exits" => process::exit(3),
        "leaves-a-copy" => {
            let workers = executor_tests::children::pids();
            if executor_tests::raw::fork() {
                // It has all that the program had open, for longer than a worker may live.
                for _ in 0..1000 {
                    if !workers.iter().any(|&worker| executor_tests::children::lives(worker)) {
                        break;
                    }
                    thread::sleep(Duration::from_millis(10));
                }
            }
            executor_tests::raw::exit_now(3)
        }
        _ => panic!("no way {way:?}"),
    }
}

/// Needs a new worker when the program's file is not there any more, or is another program's.
fn lose_file(pool: &ProcessPoolExecutor, how: &str) -> Outcome {
    assert_eq!(pool.submit(square::task(2)).result()?, 4);
    let file = std::env::current_exe()?;
    fs::remove_file(&file)?;
    if how == "replaced" {
        fs::write(&file, "#!/bin/sh\nexit 1\n")?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
    }
    let before = pool.submit(pid::task()).result()?;
    println!("{}", pool.submit(abort::task()).result().expect_err("dead"));
    let after = pool.submit(pid::task()).result()?;
    assert_ne!(before, after);
    println!("value {}", pool.submit(square::task(3)).result()?);
    Ok(())
}

/// Has a task write without end, and says nothing itself: nobody reads what is said here.
fn flood(pool: &ProcessPoolExecutor) -> Outcome {
    let limit = Duration::from_millis(100);
    let flooding = [(); 3].map(|()| pool.submit(write_without_end::task().timeout(limit)));
    for future in flooding {
        assert!(matches!(future.result(), Err(TaskError::TimedOut { .. })));
    }
    assert_eq!(pool.submit(square::task(3)).result()?, 9);
    Ok(())
}

/// Runs tasks although it has neither stdout nor stderr, and so no worker has.
fn run_without_output(builder: &ProcessPoolBuilder) -> Outcome {
    executor_tests::raw::close_output();
    let pool = builder.clone().build()?;
    for n in 0..20 {
        assert_eq!(pool.submit(square::task(n).timeout(Duration::from_secs(20))).result()?, n * n);
    }
    Ok(())
}

/// Needs a new worker when the system allows no process and no thread more.
fn start_nothing(builder: ProcessPoolBuilder) -> Outcome {
    let pool = builder.clone().max_workers(1).start_timeout(Duration::from_millis(500)).build()?;
    assert_eq!(pool.submit(square::task(2)).result()?, 4);
    let allowed = getrlimit(Resource::Nproc);
    setrlimit(Resource::Nproc, Rlimit { current: Some(0), ..allowed })?;
    println!("{}", pool.submit(abort::task()).result().expect_err("dead"));
    for _ in 0..2 {
        let TaskError::PoolBroken { cause } = pool.submit(square::task(3)).result().expect_err("no worker") else {
            panic!("another error");
        };
        println!("{cause}: {}", cause.source().expect("a reason"));
    }
    setrlimit(Resource::Nproc, allowed)?;
    println!("value {}", builder.build()?.submit(square::task(3)).result()?);
    Ok(())
}

/// The same, but for long enough for some attempts only.
fn start_nothing_for_a_moment(pool: &ProcessPoolExecutor) -> Outcome {
    assert_eq!(pool.submit(square::task(2)).result()?, 4);
    let allowed = getrlimit(Resource::Nproc);
    setrlimit(Resource::Nproc, Rlimit { current: Some(0), ..allowed })?;
    println!("{}", pool.submit(abort::task()).result().expect_err("dead"));
    let waiting = pool.submit(square::task(3));
    thread::sleep(Duration::from_millis(50));
    setrlimit(Resource::Nproc, allowed)?;
    println!("value {}", waiting.result()?);
    Ok(())
}
