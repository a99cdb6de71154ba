//! What is told of a worker's death, and where its last words go.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use executor_runtime::prelude::*;
use executor_runtime::{DeathHint, Transport, WorkerDeath, WorkerExit, WorkerStderr};
use executor_tests::alone::is_alone;
use executor_tests::gate::{self, Gate};
use executor_tests::tasks::{abort, exit, overflow, pid, segfault, square};
use executor_tests::transports::{builder_over, module_of};
use executor_tests::watchdog::limited;
use executor_tests::{children, over_each_transport};
use rustix::process::Signal;

type Outcome = Result<(), Box<dyn std::error::Error>>;

over_each_transport! {
    a_stack_that_overflows_is_told_wherever_stderr_goes
    a_wild_pointer_is_no_stack_that_overflows
    an_allocation_that_fails_is_told
    a_kill_from_outside_is_no_want_of_memory
    a_death_names_its_task_and_says_its_last_words
    a_death_at_the_last_attempt_is_that_attempts
    the_calls_of_a_chunk_die_one_by_one_with_words_of_their_own
    the_peak_of_memory_is_the_workers_and_not_its_parents
    a_flood_to_stderr_costs_neither_memory_nor_others_their_words
    a_worker_that_closes_its_stderr_goes_on
    a_stderr_that_was_made_not_to_wait_costs_no_worker
    a_program_that_keeps_a_workers_stderr_holds_nobody_up
    a_pool_in_a_worker_passes_on_what_its_own_workers_say
}

/// A pool of one worker.
fn pool_over(transport: Transport) -> Result<ProcessPoolExecutor, PoolError> {
    builder_over(transport).max_workers(1).build()
}

/// Whether the test of this name has its process to itself.
fn is_alone_over(transport: Transport, test: &str) -> Result<bool, Box<dyn std::error::Error>> {
    is_alone(&format!("{}::{test}", module_of(transport)))
}

fn death_of<T>(future: TaskFuture<T>) -> Arc<WorkerDeath> {
    match future.result() {
        Err(TaskError::WorkerDied(death)) => death,
        Err(other) => panic!("another error: {other:?}"),
        Ok(_) => panic!("a value"),
    }
}

/// Writes lines to stderr, and dies.
#[pool_task(process)]
fn say_and_abort(lines: Vec<String>) {
    for line in lines {
        eprintln!("{line}");
    }
    std::process::abort()
}

/// Asks for more memory than there can be.
#[pool_task(process)]
fn allocate_too_much() {
    std::hint::black_box(Vec::<u8>::with_capacity(isize::MAX.unsigned_abs()));
}

/// Reads where there is no memory.
#[pool_task(process)]
fn follow_wild_pointer() {
    let wild = std::hint::black_box(std::ptr::without_provenance::<u8>(16));
    #[expect(unsafe_code, reason = "it is what the test is about")]
    // SAFETY: none. It is no memory, and the processor says so.
    std::hint::black_box(unsafe { wild.read_volatile() });
}

/// Has so much memory, and dies.
#[pool_task(process)]
fn touch_and_abort(mib: usize) {
    std::hint::black_box(vec![1_u8; mib << 20]);
    std::process::abort()
}

/// Writes to stderr without end.
#[pool_task(process)]
fn flood() {
    let text = "0123456789abcde\n".repeat(4096);
    while std::io::stderr().write_all(text.as_bytes()).is_ok() {}
}

/// Writes so much to stderr, and says how it went.
#[pool_task(process)]
fn write_mib(mib: usize) -> Result<usize, String> {
    let text = "0123456789abcde\n".repeat(1 << 16);
    for _ in 0..mib {
        std::io::stderr().write_all(text.as_bytes()).map_err(|error| error.to_string())?;
    }
    Ok(mib)
}

fn a_stack_that_overflows_is_told_wherever_stderr_goes(transport: Transport) -> Outcome {
    limited(|| {
        for stderr in [WorkerStderr::Forward, WorkerStderr::Inherit, WorkerStderr::Null] {
            let pool = builder_over(transport).max_workers(1).stderr(stderr).build()?;
            let death = death_of(pool.submit(overflow::task(0)));
            assert_eq!((death.exit, death.hint), (WorkerExit::Signal(11), Some(DeathHint::StackOverflow)));
            assert_eq!(death.last_words, "\nthread 'task' has overflowed its stack", "{stderr:?}");
            let text = death.to_string();
            assert!(text.starts_with(&format!("worker process {} was ended by SIGSEGV after", death.pid)), "{text}");
            assert!(text.contains(": its stack overflowed; "), "{text}");
            assert_eq!(pool.submit(square::task(3)).result()?, 9);
        }
        Ok(())
    })
}

fn a_wild_pointer_is_no_stack_that_overflows(transport: Transport) -> Outcome {
    limited(|| {
        let pool = pool_over(transport)?;
        // The second signal is sent, and not lost in the worker's handler.
        for future in [pool.submit(follow_wild_pointer::task()), pool.submit(segfault::task())] {
            let death = death_of(future);
            assert_eq!((death.exit, death.hint, death.last_words.as_str()), (WorkerExit::Signal(11), None, ""));
        }
        Ok(())
    })
}

fn an_allocation_that_fails_is_told(transport: Transport) -> Outcome {
    limited(|| {
        let pool = pool_over(transport)?;
        let death = death_of(pool.submit(allocate_too_much::task()));
        assert_eq!((death.exit, death.hint), (WorkerExit::Signal(6), Some(DeathHint::AllocationFailed)));
        assert!(death.to_string().contains(": it could not allocate memory; "), "{death}");
        assert!(death.last_words.contains("bytes failed"), "{death:?}");
        Ok(())
    })
}

fn a_kill_from_outside_is_no_want_of_memory(transport: Transport) -> Outcome {
    limited(|| {
        let pool = pool_over(transport)?;
        let folder = tempfile::tempdir()?;
        let gate = Gate::new(folder.path(), "gate");
        let worker = pool.submit(pid::task()).result()?;
        let future = pool.submit(gate::pass::task(gate.path()));
        let _waiting = gate.await_task();
        children::send(worker, Signal::KILL);
        let death = death_of(future);
        assert_eq!((death.pid, death.exit.signal_name(), death.hint), (worker, Some("SIGKILL"), None));
        Ok(())
    })
}

fn a_death_names_its_task_and_says_its_last_words(transport: Transport) -> Outcome {
    limited(|| {
        let pool = pool_over(transport)?;
        let lines: Vec<_> = (0..30).map(|n| format!("line {n}")).collect();
        let future = pool.submit(say_and_abort::task(lines.clone()));
        let id = future.id();
        let death = death_of(future);
        assert_eq!((death.task_id, death.task.as_str()), (id, "deaths::say_and_abort"));
        assert_eq!((death.exit, death.hint, death.attempts), (WorkerExit::Signal(6), None, 1));
        assert_eq!(death.last_words, lines[10..].join("\n"));
        let text = death.to_string();
        assert!(text.ends_with(r#"its last words: "line 27\nline 28\nline 29""#), "{text}");
        // The next worker has not said that.
        let death = death_of(pool.submit(exit::task(3)));
        assert_eq!((death.exit, death.last_words.as_str()), (WorkerExit::Code(3), ""));
        Ok(())
    })
}

fn a_death_at_the_last_attempt_is_that_attempts(transport: Transport) -> Outcome {
    limited(|| {
        let pool = pool_over(transport)?;
        let future = pool.submit(say_and_abort::task(vec!["again".to_owned()]).retries(2));
        let id = future.id();
        let death = death_of(future);
        assert_eq!((death.task_id, death.attempts, death.last_words.as_str()), (id, 3, "again"));
        assert!(death.to_string().contains(", at the last of 3 attempts: "), "{death}");
        Ok(())
    })
}

fn the_calls_of_a_chunk_die_one_by_one_with_words_of_their_own(transport: Transport) -> Outcome {
    /// Says its number, and dies of a bad one.
    #[pool_task(process)]
    fn say_or_abort(n: u32) -> u32 {
        eprintln!("call {n}");
        if n % 3 == 1 { std::process::abort() } else { n }
    }
    limited(|| {
        let pool = pool_over(transport)?;
        let results: Vec<_> = pool.map(say_or_abort::task, 0..6).chunk_size(6).collect();
        for (n, result) in (0..).zip(results) {
            match result {
                Ok(value) => assert!(n == value && n % 3 != 1),
                Err(TaskError::WorkerDied(death)) => {
                    assert!(n % 3 == 1 && death.last_words.ends_with(&format!("call {n}")), "{death:?}");
                }
                Err(other) => panic!("{other:?}"),
            }
        }
        Ok(())
    })
}

fn the_peak_of_memory_is_the_workers_and_not_its_parents(transport: Transport) -> Outcome {
    // The parent is to have little at first.
    if !is_alone_over(transport, "the_peak_of_memory_is_the_workers_and_not_its_parents")? {
        return Ok(());
    }
    limited(|| {
        const MIB: u64 = 1 << 20;
        let peak_of = |mib| -> Result<Option<u64>, PoolError> {
            // A pool of its own, so that its worker is started now.
            Ok(death_of(pool_over(transport)?.submit(touch_and_abort::task(mib))).peak_memory_bytes)
        };
        let peak = peak_of(64)?.expect("more than its parent had");
        assert!((64 * MIB..128 * MIB).contains(&peak), "{peak}");
        let large = std::hint::black_box(vec![1_u8; 256 << 20]);
        // The system does not tell its own from its parent's, so nothing is said.
        assert_eq!(peak_of(64)?, None);
        drop(large);
        assert_eq!(peak_of(64)?, None, "the parent has had it");
        let peak = peak_of(320)?.expect("more than its parent ever had");
        assert!((320 * MIB..384 * MIB).contains(&peak), "{peak}");
        Ok(())
    })
}

fn a_flood_to_stderr_costs_neither_memory_nor_others_their_words(transport: Transport) -> Outcome {
    // Memory is the whole process's, and so is its stderr.
    if !is_alone_over(transport, "a_flood_to_stderr_costs_neither_memory_nor_others_their_words")? {
        return Ok(());
    }
    limited(|| {
        rustix::stdio::dup2_stderr(std::fs::File::create("/dev/null")?)?;
        let resident = || -> usize {
            let status = std::fs::read_to_string("/proc/self/status").expect("our own");
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
            line.trim().trim_end_matches(" kB").parse().expect("a number")
        };
        let pool = builder_over(transport).max_workers(2).build()?;
        let flooding = pool.submit(flood::task());
        // It has flooded for as long as this takes.
        assert_eq!(pool.submit(write_mib::task(64)).result()??, 64);
        let before = resident();
        assert_eq!(pool.submit(write_mib::task(128)).result()??, 128);
        for n in 0..20 {
            let words = format!("words {n}");
            let death = death_of(pool.submit(say_and_abort::task(vec![words.clone()])));
            assert!(death.last_words.ends_with(&words), "{death:?}");
        }
        let grown = resident().saturating_sub(before);
        assert!(grown < 16 * 1024, "by {grown} KiB");
        assert!(!flooding.is_done());
        pool.shutdown(Shutdown::Abort { grace: Duration::ZERO });
        assert!(matches!(flooding.result(), Err(TaskError::PoolShutDown)));
        assert_eq!(children::threads_called("worker-output"), 0, "its thread ends with the last worker");
        Ok(())
    })
}

fn a_worker_that_closes_its_stderr_goes_on(transport: Transport) -> Outcome {
    /// Closes what it has, as a daemon does, and says what it can do then.
    #[pool_task(process)]
    fn close_stderr() -> u32 {
        let null = std::fs::File::create("/dev/null").expect("it is there");
        rustix::stdio::dup2_stderr(null).expect("it can be replaced");
        eprintln!("nobody hears this");
        7
    }
    limited(|| {
        let pool = pool_over(transport)?;
        let worker = pool.submit(pid::task()).result()?;
        assert_eq!(pool.submit(close_stderr::task()).result()?, 7);
        assert_eq!(pool.submit(pid::task()).result()?, worker, "the same worker");
        assert_eq!(death_of(pool.submit(abort::task())).last_words, "");
        Ok(())
    })
}

fn a_stderr_that_was_made_not_to_wait_costs_no_worker(transport: Transport) -> Outcome {
    extern "C" fn nothing(_: libc::c_int) {}

    /// Has a system call of a thread of ours be interrupted.
    #[expect(unsafe_code, reason = "the system's calls, which std does not have")]
    fn disturb(thread: libc::pid_t) {
        // SAFETY: numbers and a pointer, of which all may be zero.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = nothing as *const () as usize;
        // SAFETY: the handler does nothing.
        unsafe { libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut()) };
        // SAFETY: it reads and writes nothing of ours.
        unsafe { libc::syscall(libc::SYS_tgkill, std::process::id(), thread, libc::SIGUSR1) };
    }

    /// Does what some programs do to a stderr that they share, and disturbs the worker's first thread.
    #[pool_task(process)]
    fn make_it_not_wait() -> u32 {
        rustix::fs::fcntl_setfl(rustix::stdio::stderr(), rustix::fs::OFlags::NONBLOCK).expect("our stderr");
        // The number of the first thread is the process's.
        disturb(std::process::id().cast_signed());
        // It may take a moment until that thread has looked.
        std::thread::sleep(Duration::from_millis(50));
        std::process::id()
    }
    limited(|| {
        let pool = pool_over(transport)?;
        let worker = pool.submit(make_it_not_wait::task()).result()?;
        assert_eq!(pool.submit(pid::task()).result()?, worker);
        Ok(())
    })
}

fn a_program_that_keeps_a_workers_stderr_holds_nobody_up(transport: Transport) -> Outcome {
    /// Starts a program that leaves the worker's group, and dies.
    #[pool_task(process)]
    fn leave_behind(file: &Path) {
        let script = "echo $$ > \"$1.new\" && mv \"$1.new\" \"$1\" && exec sleep 300";
        let mut program = Command::new("setsid");
        program.args(["sh", "-c", script, "sh"]).arg(file).spawn().expect("setsid");
        while !file.exists() {
            std::thread::yield_now();
        }
        eprintln!("it is there");
        std::process::abort()
    }
    limited(|| {
        for stderr in [WorkerStderr::Forward, WorkerStderr::Inherit] {
            let folder = tempfile::tempdir()?;
            let file = folder.path().join("pid");
            let pool = builder_over(transport).max_workers(1).stderr(stderr).build()?;
            let death = death_of(pool.submit(leave_behind::task(&file)));
            let words = if stderr == WorkerStderr::Forward { "it is there" } else { "" };
            assert_eq!((death.exit, death.last_words.as_str()), (WorkerExit::Signal(6), words));
            assert_eq!(pool.submit(square::task(3)).result()?, 9);
            drop(pool);
            let program: u32 = std::fs::read_to_string(&file)?.trim().parse()?;
            assert!(children::lives(program), "it has left the group");
            children::send(program, Signal::KILL);
        }
        Ok(())
    })
}

fn a_pool_in_a_worker_passes_on_what_its_own_workers_say(transport: Transport) -> Outcome {
    /// Has a worker of its own say something, and says it was told that.
    #[pool_task(process)]
    fn have_said(words: String) -> String {
        let pool = ProcessPoolExecutor::new(1).expect("a pool");
        let death = death_of(pool.submit(say_and_abort::task(vec![words])));
        death.last_words.clone()
    }
    limited(|| {
        let pool = pool_over(transport)?;
        assert_eq!(pool.submit(have_said::task("apple".to_owned())).result()?, "apple");
        assert_eq!(death_of(pool.submit(abort::task())).last_words, "apple", "it came through both");
        Ok(())
    })
}

/// The program `last_words`, with its arguments.
fn program(arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_last_words"));
    program.args(arguments);
    program
}

/// What is written, one thing after the other.
const ORDER: &str = "one\ntwo\nthe task is over\nbye\nthe pool is over\n";

/// What comes behind the long text that the program's worker begins with.
fn after_the_long(text: &str) -> &str {
    let long = "0123456789abcde\n".repeat(8192);
    text.strip_prefix(&long).unwrap_or_else(|| panic!("{} bytes without it", text.len()))
}

fn said(output: Output) -> (String, String) {
    assert!(output.status.success(), "{output:?}");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (text(output.stdout), text(output.stderr))
}

#[test]
fn what_a_worker_wrote_is_out_before_its_end_is_told() -> Outcome {
    limited(|| {
        let program = program(&["forward"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let worker = loop {
            if let [worker] = children::pids_of(program.id())[..] {
                break worker;
            }
            std::thread::yield_now();
        };
        // It has written more by then than goes into a pipe that nobody reads.
        while children::lives(worker) {
            std::thread::yield_now();
        }
        let (stdout, stderr) = said(program.wait_with_output()?);
        assert_eq!(stdout, "");
        assert_eq!(after_the_long(&stderr), ORDER);
        Ok(())
    })
}

#[test]
fn what_a_worker_writes_goes_where_its_pool_says() -> Outcome {
    limited(|| {
        let (_, stderr) = said(program(&["inherit"]).output()?);
        assert_eq!(after_the_long(&stderr), ORDER);
        let (stdout, stderr) = said(program(&["null"]).output()?);
        assert_eq!((stdout.as_str(), stderr.as_str()), ("", "the task is over\nthe pool is over\n"));
        for (place, printed) in [("inherit", "printed\n"), ("null", "")] {
            assert_eq!(said(program(&["stdout", place]).output()?).0, printed);
        }
        Ok(())
    })
}

#[test]
fn a_stderr_that_nobody_reads_or_that_is_closed_holds_up_no_end() -> Outcome {
    limited(|| {
        for place in ["forward", "inherit"] {
            // It is full long before the worker has written all, and stays full.
            let mut full = program(&["flood", place]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
            let kept = full.stderr.take();
            assert_eq!(said(full.wait_with_output()?).0, "PoolShutDown\n", "{place}");
            drop(kept);
        }
        let mut closed = program(&["write", "forward"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        drop(closed.stderr.take());
        assert_eq!(said(closed.wait_with_output()?).0, "Ok\n");
        Ok(())
    })
}

#[test]
fn workers_that_nobody_hears_leave_no_descriptor_behind() -> Outcome {
    limited(|| {
        let mut full = program(&["floods"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let kept = full.stderr.take();
        let ended = "PoolShutDown\n".repeat(3);
        assert_eq!(said(full.wait_with_output()?).0, ended + "0 more\n");
        drop(kept);
        Ok(())
    })
}

#[test]
fn a_host_that_ignores_the_end_of_its_children_is_told_that_they_are_gone() -> Outcome {
    limited(|| {
        let (stdout, _) = said(program(&["vanish"]).output()?);
        assert_eq!(stdout, "vanished; two\n9\n0\n");
        Ok(())
    })
}
