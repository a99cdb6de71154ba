//! Tasks that do to their worker, and around it, what a fault does.

use std::fs::{self, OpenOptions};
use std::hint::black_box;
use std::io::{Write, stderr, stdout};
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{self, Command};
use std::thread;
use std::time::Duration;

use executor_runtime::pool_task;
use rustix::process::{Pid, Signal, getppid};
use rustix::thread::gettid;
use serde::{Deserialize, Serialize};

use crate::gate::pass;
use crate::tasks::PanicsWhenRead;
use crate::{children, raw};

/// Reads what is at an address that nothing is mapped at.
///
/// Nothing unsafe is needed for that: `/proc` lets a process overwrite its own pointers.
#[pool_task(process)]
pub fn read_wildly() -> u64 {
    const NOWHERE: usize = 16;

    let pointer = Box::new(Box::new(1_u64));
    let place = (&raw const *pointer).addr() as u64;
    let memory = OpenOptions::new().write(true).open("/proc/self/mem").expect("our memory");
    memory.write_all_at(&NOWHERE.to_ne_bytes(), place).expect("it can be written");
    ***black_box(&pointer)
}

/// Panics, and again while the first panic is under way.
#[pool_task(process)]
pub fn panic_twice() {
    struct Panics;

    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("once more");
        }
    }

    let _panics = Panics;
    panic!("once");
}

/// Ends the process from another thread than the task's, with no destructor or exit handler.
#[pool_task(process)]
pub fn exit_in_a_thread(code: i32) {
    thread::spawn(move || raw::exit_now(code));
    park()
}

/// Stops its own process, as a debugger does or Ctrl-Z.
#[pool_task(process)]
pub fn stop_itself() {
    children::send(process::id(), Signal::STOP);
    park()
}

/// Takes from its worker all that it has open.
#[pool_task(process)]
pub fn close_everything() {
    raw::close_all_descriptors();
}

/// Writes to stdout and stderr, as much as it can.
#[pool_task(process)]
pub fn write_without_end() {
    let line = [b'x'; 4096];
    loop {
        // Somebody may not want to hear it.
        let _ = stdout().write_all(&line);
        let _ = stderr().write_all(&line);
    }
}

/// Starts a program that goes on when the task is over; its pid.
#[pool_task(process)]
pub fn leave_a_program() -> u32 {
    Command::new("sleep").arg("300").spawn().expect("a program").id()
}

/// Starts a program and dies; the pid is in the file.
#[pool_task(process)]
pub fn leave_a_program_and_abort(pid: &Path) {
    fs::write(pid, leave_a_program().to_string()).expect("a file");
    process::abort()
}

/// Runs a program that ends with a code, and says which.
#[pool_task(process)]
pub fn run_a_program(code: i32) -> Option<i32> {
    Command::new("sh").args(["-c", &format!("exit {code}")]).status().expect("its end").code()
}

/// Ends twice: in its worker, and in a copy of that. Whether this is the copy.
#[pool_task(process)]
pub fn end_twice() -> bool {
    raw::fork()
}

/// Makes a copy of its worker that goes on in the middle of the task.
#[pool_task(process)]
pub fn leave_a_copy() {
    if raw::fork() {
        park();
    }
}

/// Starts threads that go on when the task is over: one sleeps, and one computes.
#[pool_task(process)]
pub fn leave_threads() {
    thread::spawn(park);
    thread::spawn(|| {
        loop {
            black_box(());
        }
    });
}

/// A value that panics when it is dropped in another process than the one that has made it, or in that.
#[derive(Debug, Serialize, Deserialize)]
pub struct PanicsWhenDropped {
    maker: u32,
    panics_at_home: bool,
}

impl PanicsWhenDropped {
    /// One that panics abroad.
    pub fn abroad() -> Self {
        Self { maker: process::id(), panics_at_home: false }
    }

    /// One that panics in this process.
    pub fn at_home() -> Self {
        Self { maker: process::id(), panics_at_home: true }
    }
}

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        let is_at_home = self.maker == process::id();
        assert!(is_at_home != self.panics_at_home, "dropping this value panics");
    }
}

/// Takes what may panic when it is dropped.
#[pool_task(process)]
pub fn take_panics_when_dropped(_value: PanicsWhenDropped) {}

/// Comes to a gate, and makes what panics when its receiver drops it.
#[pool_task(process)]
pub fn give_panics_when_dropped(gate: &Path) -> PanicsWhenDropped {
    pass(gate);
    PanicsWhenDropped::abroad()
}

/// Takes what panics when it is read.
#[pool_task(process)]
pub fn take_panics_when_read(_value: PanicsWhenRead) {}

/// How many bytes it was given.
#[pool_task(process)]
pub fn length(bytes: Vec<u8>) -> usize {
    bytes.len()
}

/// Dies while its answer of so many bytes is half written.
#[pool_task(process)]
pub fn die_answering(len: usize) -> Vec<u8> {
    let pool = pool();
    // Nobody reads the answer any more.
    children::stop(pool);
    let task = gettid();
    thread::spawn(move || die_while_stuck(pool, task));
    vec![1; len]
}

/// Ends this process as soon as one of its threads waits for the pool, which is stopped and then goes on.
fn die_while_stuck(pool: u32, task: Pid) -> ! {
    let mut looks = 0;
    // A thread may sleep for a moment for other reasons.
    while looks < 10 {
        thread::sleep(Duration::from_millis(1));
        looks = if children::sleeps(task) { looks + 1 } else { 0 };
    }
    // The pool must not read on before this process has ended, so that somebody else has to wake it.
    let script = format!("kill -KILL {}; kill -CONT {pool}", process::id());
    Command::new("sh").args(["-c", &script]).process_group(0).status().expect("a shell");
    park()
}

/// The process that has the pool of this worker.
fn pool() -> u32 {
    getppid().expect("a parent").as_raw_nonzero().get().cast_unsigned()
}

fn park() -> ! {
    loop {
        thread::park();
    }
}
