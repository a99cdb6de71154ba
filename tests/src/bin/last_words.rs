//! A program whose workers write to stderr, for tests that look at what comes out.
//!
//! Its arguments: what it does, and where the workers' stderr goes, or their stdout.

use std::error::Error;
use std::io::Write as _;

use executor_runtime::prelude::*;
use executor_runtime::{ProcessPoolBuilder, WorkerStderr, WorkerStdout};
use executor_tests::children;
use executor_tests::tasks::square;

/// Writes as much as waits for a reader, and two lines, and dies.
#[pool_task(process)]
fn say_and_abort() {
    std::io::stderr().write_all("0123456789abcde\n".repeat(8192).as_bytes()).expect("somebody takes it");
    eprintln!("one");
    eprintln!("two");
    std::process::abort()
}

/// Has the worker write a line when it ends.
#[pool_task(process)]
fn say_at_the_end() {
    /// Dropped when the thread that runs the tasks ends the process.
    struct AtEnd;

    impl Drop for AtEnd {
        fn drop(&mut self) {
            eprintln!("bye");
        }
    }

    thread_local! {
        static AT_END: AtEnd = const { AtEnd };
    }
    AT_END.with(|_| ());
}

/// Prints a line.
#[pool_task(process)]
fn print() {
    println!("printed");
}

/// Writes to stderr without end, if nobody ends it.
#[pool_task(process)]
fn flood() {
    let text = "0123456789abcde\n".repeat(4096);
    while std::io::stderr().write_all(text.as_bytes()).is_ok() {}
}

/// Writes more to stderr than is kept anywhere.
#[pool_task(process)]
fn write() {
    let text = "0123456789abcde\n".repeat(1 << 16);
    for _ in 0..4 {
        std::io::stderr().write_all(text.as_bytes()).expect("somebody takes it");
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let builder = ProcessPoolExecutor::builder().max_workers(1);
    match arguments[..] {
        [place @ ("forward" | "inherit" | "null")] => say(builder.stderr(stderr(place)))?,
        ["stdout", place] => {
            let stdout = if place == "null" { WorkerStdout::Null } else { WorkerStdout::Inherit };
            builder.stdout(stdout).build()?.submit(print::task()).result()?;
        }
        ["flood", place] => end_a_flood(builder.stderr(stderr(place)))?,
        ["floods"] => {
            end_a_flood(builder.clone())?;
            let before = children::descriptors();
            end_a_flood(builder.clone())?;
            end_a_flood(builder)?;
            println!("{} more", children::descriptors().saturating_sub(before));
        }
        ["write", place] => {
            let pool = builder.stderr(stderr(place)).build()?;
            println!(
                "{}",
                pool.submit(write::task()).result().map_or_else(|error| error.to_string(), |()| "Ok".into())
            );
        }
        ["vanish"] => vanish(builder)?,
        _ => return Err(format!("what is {arguments:?}?").into()),
    }
    Ok(())
}

fn stderr(place: &str) -> WorkerStderr {
    match place {
        "forward" => WorkerStderr::Forward,
        "inherit" => WorkerStderr::Inherit,
        "null" => WorkerStderr::Null,
        _ => panic!("no place {place:?}"),
    }
}

/// Says what it knows, in the order in which it knows it.
fn say(builder: ProcessPoolBuilder) -> Result<(), PoolError> {
    let pool = builder.build()?;
    pool.submit(say_and_abort::task()).on_done(|_| eprintln!("the task is over"));
    pool.submit(say_at_the_end::task()).result().expect("nothing fails");
    drop(pool);
    eprintln!("the pool is over");
    Ok(())
}

/// Ends a pool whose worker writes without end, once it does.
fn end_a_flood(builder: ProcessPoolBuilder) -> Result<(), PoolError> {
    let pool = builder.build()?;
    let flooding = pool.submit(flood::task());
    while !flooding.is_running() {
        std::thread::yield_now();
    }
    // Nobody reads that, so that it sleeps at some time, and then for good.
    let worker = children::pids()[0];
    await_sleep(worker);
    pool.shutdown(Shutdown::Abort { grace: Duration::ZERO });
    println!("{:?}", flooding.result().expect_err("it was ended"));
    Ok(())
}

/// Waits until the thread of a worker that runs tasks waits for room to write.
fn await_sleep(worker: u32) {
    loop {
        let tasks = std::fs::read_dir(format!("/proc/{worker}/task")).expect("its threads");
        let writes = |task: std::fs::DirEntry| {
            let call = std::fs::read_to_string(task.path().join("syscall")).unwrap_or_default();
            // `write`, to stderr.
            call.starts_with("1 0x2 ")
        };
        if tasks.flatten().any(writes) {
            return;
        }
        std::thread::yield_now();
    }
}

/// Ignores the end of children, as some programs do. Says what is known of a worker that has ended then, and how many are left in the end.
fn vanish(builder: ProcessPoolBuilder) -> Result<(), PoolError> {
    #[expect(unsafe_code, reason = "the system's call, which std does not have")]
    // SAFETY: it installs no handler.
    unsafe {
        libc::signal(libc::SIGCHLD, libc::SIG_IGN)
    };
    let pool = builder.build()?;
    let Err(TaskError::WorkerDied(death)) = pool.submit(say_and_abort::task()).result() else { panic!("it aborts") };
    println!("{}; {}", death.exit, death.last_words.rsplit_once('\n').map_or("", |(_, last)| last));
    println!("{:?}", pool.submit(square::task(3)).result().expect("a value"));
    drop(pool);
    println!("{}", children::pids().len());
    Ok(())
}
