//! Tasks of every kind of argument, value and end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use executor_runtime::pool_task;
use serde::{Deserialize, Serialize};

use crate::gate::pass;

/// The square of a number.
#[pool_task(process)]
pub fn square(n: u64) -> u64 {
    n * n
}

/// Comes to a gate, if it is given one, and else takes a tenth of a millisecond, most of it asleep.
#[pool_task(process)]
pub fn pass_or_doze(gate: Option<PathBuf>) {
    match gate {
        Some(gate) => drop(pass(&gate)),
        None => std::thread::sleep(Duration::from_micros(100)),
    }
}

/// Computes for so long, and returns so many bytes.
#[pool_task(process)]
pub fn compute_for(time: Duration, len: usize) -> Vec<u8> {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
    vec![1; len]
}

/// One number to the power of the other.
#[pool_task(process)]
pub fn power(base: u64, exponent: u32) -> u64 {
    base.pow(exponent)
}

/// Quotient and remainder; panics if there is none.
#[pool_task(process)]
pub fn divide(dividend: u64, divisor: u64) -> (u64, u64) {
    (dividend / divisor, dividend % divisor)
}

/// Comes to a gate, and leaves a file when that opens.
#[pool_task(process)]
pub fn leave_after(gate: &Path, file: &Path) {
    pass(gate);
    std::fs::write(file, "").expect("a file");
}

/// Has another program come to a gate of its own, and does what [`leave_after`] does. Nobody waits here for the
/// program's end.
#[pool_task(process)]
#[expect(clippy::zombie_processes, reason = "its end is for whoever adopts it")]
pub fn leave_beside_program(program_gate: &Path, gate: &Path, file: &Path) {
    std::process::Command::new("cat").arg(program_gate).spawn().expect("a program");
    leave_after(gate, file);
}

/// A number without its sign.
#[pool_task(process)]
pub fn absolute(n: i64) -> i64 {
    n.abs()
}

/// Arguments that are called like what the macro and the executors have to do with.
#[pool_task(process)]
pub fn odd_names(task: u64, arg0: u64, input: u64, out: u64, pool: u64, r#fn: u64) -> [u64; 6] {
    [task, arg0, input, out, pool, r#fn]
}

/// Two borrowed texts.
#[pool_task(process)]
pub fn count(text: &str, word: &str) -> usize {
    text.matches(word).count()
}

/// Nothing in, nothing out.
#[pool_task(process)]
pub fn nothing() {}

/// As many arguments as a task can have.
#[pool_task(process)]
#[expect(clippy::too_many_arguments, clippy::many_single_char_names, reason = "that is the point")]
pub fn twelve(
    a: u8,
    b: u16,
    c: u32,
    d: u64,
    e: i8,
    f: i16,
    g: i32,
    h: i64,
    i: usize,
    j: bool,
    k: char,
    l: String,
) -> String {
    format!("{a} {b} {c} {d} {e} {f} {g} {h} {i} {j} {k} {l}")
}

/// Borrowed arguments of every shape.
#[pool_task(process)]
pub fn borrowed(text: &str, bytes: &[u8], path: &Path, numbers: &[i64], map: &BTreeMap<String, u32>) -> Shapes {
    Shapes {
        text: text.to_owned(),
        bytes: bytes.len(),
        path_bytes: path.as_os_str().len(),
        sum: numbers.iter().sum(),
        keys: map.keys().cloned().collect(),
    }
}

/// What [`borrowed`] saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "named after the arguments")]
pub struct Shapes {
    pub text: String,
    pub bytes: usize,
    pub path_bytes: usize,
    pub sum: i64,
    pub keys: Vec<String>,
}

/// A task with errors of its own.
#[pool_task(process)]
pub fn parse(text: &str) -> Result<i32, String> {
    text.parse::<i32>().map_err(|error| error.to_string())
}

/// Gives back what it got.
#[pool_task(process)]
pub fn echo(bytes: &[u8]) -> Vec<u8> {
    bytes.to_vec()
}

/// Gives back what it got, by value.
#[pool_task(process)]
pub fn echo_owned(bytes: Vec<u8>) -> Vec<u8> {
    bytes
}

/// The pid of the process it runs in.
#[pool_task(process)]
pub fn pid() -> u32 {
    std::process::id()
}

/// Panics with a formatted message.
#[pool_task(process)]
pub fn panic_with(n: u32) -> u32 {
    panic!("number {n} is bad")
}

/// Panics with an error that has a source.
#[pool_task(process)]
pub fn panic_with_error(text: &str) -> u64 {
    match text.parse::<u64>() {
        Ok(n) => n,
        Err(error) => std::panic::panic_any(Refused::boxed(error)),
    }
}

/// An error with a source.
#[derive(Debug)]
pub struct Refused(std::num::ParseIntError);

impl Refused {
    /// As most programs pass errors on.
    pub fn boxed(error: std::num::ParseIntError) -> Box<dyn std::error::Error + Send + Sync> {
        Box::new(Self(error))
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("that is refused")
    }
}

impl std::error::Error for Refused {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// Panics if the number is `bad`.
#[pool_task(process)]
pub fn panic_on(n: u64, bad: u64) -> u64 {
    assert!(n != bad, "number {n} is bad");
    n
}

/// A value that cannot be encoded.
#[derive(Clone, Debug, Deserialize)]
pub struct Unwritable;

impl Serialize for Unwritable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("this value refuses to be written"))
    }
}

/// A value that can be encoded, but not decoded.
#[derive(Clone, Debug, Serialize)]
pub struct Unreadable;

impl<'de> Deserialize<'de> for Unreadable {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("this value refuses to be read"))
    }
}

/// A value whose `Serialize` panics.
#[derive(Clone, Debug, Deserialize)]
pub struct PanicsWhenWritten;

impl Serialize for PanicsWhenWritten {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("writing this value panics")
    }
}

/// A value whose `Deserialize` panics.
#[derive(Clone, Debug, Serialize)]
pub struct PanicsWhenRead;

impl<'de> Deserialize<'de> for PanicsWhenRead {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("reading this value panics")
    }
}

/// How a process ends itself.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Death {
    /// By SIGSEGV.
    Crash,
    /// With this exit code.
    Exit(i32),
}

impl Death {
    fn die(self) -> ! {
        match self {
            Self::Crash => crash(),
            Self::Exit(code) => std::process::exit(code),
        }
    }
}

/// A value that ends the process that writes it.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct DeadlyToWrite(pub Death);

impl Serialize for DeadlyToWrite {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        self.0.die()
    }
}

/// A value that ends the process that reads it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct DeadlyToRead(pub Death);

impl<'de> Deserialize<'de> for DeadlyToRead {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Death::deserialize(input)?.die()
    }
}

/// Takes what ends the worker that reads it.
#[pool_task(process)]
pub fn take_deadly(_value: DeadlyToRead) {}

/// Returns what ends the worker that writes it.
#[pool_task(process)]
pub fn give_deadly(death: Death) -> DeadlyToWrite {
    DeadlyToWrite(death)
}

/// Takes what cannot be encoded.
#[pool_task(process)]
pub fn take_unwritable(_value: Unwritable) {}

/// Takes what cannot be decoded.
#[pool_task(process)]
pub fn take_unreadable(_value: Unreadable) {}

/// Returns what cannot be encoded.
#[pool_task(process)]
pub fn give_unwritable() -> Unwritable {
    Unwritable
}

/// Returns what cannot be decoded.
#[pool_task(process)]
pub fn give_unreadable() -> Unreadable {
    Unreadable
}

/// Takes what panics when encoded.
#[pool_task(process)]
pub fn take_panics_when_written(_value: PanicsWhenWritten) {}

/// Returns what panics when encoded.
#[pool_task(process)]
pub fn give_panics_when_written() -> PanicsWhenWritten {
    PanicsWhenWritten
}

/// Returns what panics when decoded.
#[pool_task(process)]
pub fn give_panics_when_read() -> PanicsWhenRead {
    PanicsWhenRead
}

/// Ends the worker with SIGABRT.
#[pool_task(process)]
pub fn abort() {
    std::process::abort()
}

/// Ends the worker with SIGABRT if the number is `bad`.
#[pool_task(process)]
pub fn abort_on(n: u64, bad: u64) -> u64 {
    if n == bad { std::process::abort() } else { n }
}

/// Takes so long, at least.
#[pool_task(process)]
pub fn rest(millis: u64) -> u64 {
    std::thread::sleep(Duration::from_millis(millis));
    millis
}

/// Many bytes or few; every fiftieth call panics, and every seventieth ends its worker.
#[pool_task(process)]
pub fn fill(n: u64) -> Vec<u8> {
    match n {
        n if n % 70 == 69 => std::process::abort(),
        n if n % 50 == 49 => panic!("{n}"),
        n => vec![n.to_le_bytes()[0]; usize::try_from(n * n * n % 7_001).expect("few")],
    }
}

/// Ends the worker with an exit code.
#[pool_task(process)]
pub fn exit(code: i32) {
    std::process::exit(code)
}

/// Ends the worker with SIGSEGV.
#[pool_task(process)]
pub fn segfault() {
    crash()
}

/// Ends the worker with SIGSEGV, whatever it was given.
#[pool_task(process)]
pub fn segfault_with(_data: &[u8]) {
    crash()
}

/// Comes to a gate, and ends the worker with SIGSEGV when that opens.
#[pool_task(process)]
pub fn segfault_after(gate: &Path) {
    pass(gate);
    crash()
}

fn crash() -> ! {
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::SEGV)
        .expect("a signal to ourselves");
    // The signal is delivered before the call returns, unless another thread got it.
    loop {
        std::thread::park();
    }
}

/// Runs out of stack.
#[pool_task(process)]
pub fn overflow(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 1024]);
    if depth == u64::MAX { 0 } else { overflow(depth + 1) ^ frame[1] }
}

/// Never ends.
#[pool_task(process)]
pub fn spin() {
    loop {
        std::hint::spin_loop();
    }
}

/// Runs a pool of its own and returns the pids around the innermost task, or why that failed.
#[pool_task(process)]
pub fn nest(levels: u32) -> Result<u32, String> {
    if levels == 0 {
        return Ok(0);
    }
    let pool = executor_runtime::ProcessPoolExecutor::new(1).map_err(|error| error.to_string())?;
    let below = pool.submit(nest::task(levels - 1)).result().map_err(|error| error.to_string())??;
    Ok(below + 1)
}

/// What this worker was initialized with, each time.
static INITIALIZED: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());

/// An initializer that leaves its mark.
#[pool_task(process)]
pub fn initialize(mark: String) {
    INITIALIZED.lock().expect("no initializer panics here").push(mark);
}

/// The marks of [`initialize`] in this worker.
#[pool_task(process)]
pub fn initialized() -> Vec<String> {
    INITIALIZED.lock().expect("no initializer panics here").clone()
}

/// How [`initialize_or_fail`] fails.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "named after what they do")]
pub enum FailHow {
    Return,
    Panic,
    Exit,
}

/// An initializer that fails.
#[pool_task(process)]
pub fn initialize_or_fail(how: FailHow) -> Result<(), String> {
    match how {
        FailHow::Return => Err("no licence".to_owned()),
        FailHow::Panic => panic!("no database"),
        FailHow::Exit => std::process::exit(7),
    }
}

/// Never ends, and has a type that an initializer may have.
#[pool_task(process)]
pub fn spin_and_return_nothing() {
    spin();
}

/// Lets [`spin_on`] end on a thread, which nobody can kill.
pub static STOP_SPINNING: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// Goes on for ever if the number is `bad`.
#[pool_task(process)]
pub fn spin_on(n: u64, bad: u64) -> u64 {
    while n == bad && !STOP_SPINNING.load(std::sync::atomic::Ordering::SeqCst) {
        std::thread::yield_now();
    }
    n
}

/// Comes to a gate, and never ends when that opens.
#[pool_task(process)]
pub fn spin_after(gate: &Path) {
    pass(gate);
    spin();
}

/// A value that chooses whether it can be written.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "what they are called")]
pub struct Choosy {
    pub number: u32,
    pub writable: bool,
}

impl Serialize for Choosy {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.writable {
            (self.number, self.writable).serialize(serializer)
        } else {
            Err(serde::ser::Error::custom("this value refuses to be written"))
        }
    }
}

/// Gives back the number.
#[pool_task(process)]
pub fn take_writable_if(value: Choosy) -> u32 {
    value.number
}

/// The square of a number; zero has to pass a gate first.
#[pool_task(process)]
pub fn pass_first(n: u64, gate: PathBuf) -> u64 {
    if n == 0 {
        pass(&gate);
    }
    n * n
}

/// Borrows what panics when encoded, so that a thread pool keeps it as bytes.
#[pool_task(process)]
pub fn borrow_panics_when_written(_value: &PanicsWhenWritten) {}

/// An initializer that only one worker can run.
#[pool_task(process)]
pub fn initialize_once(mark: PathBuf) -> Result<(), String> {
    std::fs::File::create_new(mark).map(drop).map_err(|_| "there was one before".to_owned())
}

/// An initializer that takes a moment, and leaves a file for each worker.
#[pool_task(process)]
pub fn leave_mark(folder: PathBuf) -> Result<(), String> {
    std::fs::write(folder.join(std::process::id().to_string()), "").map_err(|error| error.to_string())
}
