//! What the functions that `build/main.rs` writes are made of.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::fmt;
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use executor_runtime::__private::{Exit, OnError};
use executor_runtime::{PoolError, ThreadPoolExecutor};

/// One run of a function: what it decides, and what it has done.
pub struct Run<'i> {
    input: &'i [u8],
    position: Cell<usize>,
    log: RefCell<Vec<Event>>,
    /// Of each watched block that was left: whether that was taken for a failure.
    failures: RefCell<Vec<bool>>,
}

/// What a function has done, with the number of the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It came here.
    Did(u32),
    /// The guard that was made here was dropped.
    Dropped(u32),
    /// The block that was entered here was left.
    Left(u32),
}

/// A function that goes on for longer is stopped, by a panic.
const MAX_EVENTS: usize = 10_000;

#[expect(missing_docs, clippy::missing_errors_doc, reason = "each notes its number and decides by the input")]
impl<'i> Run<'i> {
    pub fn new(input: &'i [u8]) -> Self {
        Self { input, position: Cell::new(0), log: RefCell::default(), failures: RefCell::default() }
    }

    pub fn into_log(self) -> (Vec<Event>, Vec<bool>) {
        (self.log.into_inner(), self.failures.into_inner())
    }

    fn did(&self, event: Event) {
        self.log.borrow_mut().push(event);
    }

    /// The next byte of the input, if there is one.
    fn decide(&self, number: u32) -> Option<u8> {
        self.note(number);
        let position = self.position.replace(self.position.get() + 1);
        self.input.get(position).copied()
    }

    pub fn note(&self, number: u32) {
        if self.log.borrow().len() >= MAX_EVENTS {
            self.panic(0);
        }
        self.did(Event::Did(number));
    }

    pub fn flag(&self, number: u32) -> bool {
        self.decide(number).is_some_and(|byte| byte % 2 == 1)
    }

    /// True at the end of the input at the latest.
    pub fn stop(&self, number: u32) -> bool {
        self.decide(number).is_none_or(|byte| byte % 4 == 0)
    }

    pub fn number(&self, number: u32) -> u8 {
        self.decide(number).unwrap_or_default()
    }

    pub fn mix(&self, number: u32, a: u8, b: u8) -> u8 {
        self.note(number);
        a.rotate_left(3) ^ b
    }

    pub fn option(&self, number: u32) -> Option<u8> {
        self.decide(number).filter(|byte| byte % 4 != 0)
    }

    pub fn result(&self, number: u32) -> Result<u8, Fault> {
        match self.decide(number) {
            Some(byte) if byte % 8 == 0 => Err(Fault(number)),
            byte => Ok(byte.unwrap_or_default()),
        }
    }

    /// With an error that `?` converts.
    pub fn foreign(&self, number: u32) -> Result<u8, Foreign> {
        self.result(number).map_err(|Fault(number)| Foreign(number))
    }

    pub fn refusal(&self, number: u32) -> Result<u8, Foreign> {
        self.note(number);
        Err(Foreign(number))
    }

    pub fn fault(&self, number: u32) -> Fault {
        self.note(number);
        Fault(number)
    }

    pub fn guard(&self, number: u32) -> Guard<'_> {
        self.note(number);
        Guard { run: self, number }
    }

    pub fn enter(&self, number: u32) -> Entered<'_> {
        self.note(number);
        Entered { run: self, number }
    }

    /// For one block.
    pub fn watch(&self) -> Watch<'_> {
        Watch(self)
    }

    /// Without the panic hook, which would print.
    pub fn panic(&self, number: u32) -> ! {
        self.did(Event::Did(number));
        resume_unwind(Box::new(number))
    }
}

/// Notes its drop.
pub struct Guard<'r> {
    run: &'r Run<'r>,
    number: u32,
}

#[expect(missing_docs, clippy::missing_errors_doc, reason = "as those of `Run`")]
impl Guard<'_> {
    pub fn value(&self) -> u8 {
        self.run.number(self.number)
    }

    pub fn option(&self) -> Option<u8> {
        self.run.option(self.number)
    }

    pub fn result(&self) -> Result<u8, Fault> {
        self.run.result(self.number)
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.run.did(Event::Dropped(self.number));
    }
}

/// Notes that a block is left.
pub struct Entered<'r> {
    run: &'r Run<'r>,
    number: u32,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.run.did(Event::Left(self.number));
    }
}

/// What `with_pool!` takes for an executor, to see what it tells one.
pub struct Watch<'r>(&'r Run<'r>);

impl Watch<'_> {
    /// What an expansion calls.
    pub fn __scope<R>(&self, _: OnError, body: impl FnOnce(&Self) -> Exit<R>) -> Exit<R> {
        let exit = pool().scope(|_| body(self));
        self.0.failures.borrow_mut().push(exit.failed());
        exit
    }
}

/// The error of the functions.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault(pub u32);

/// An error that has to be converted.
#[derive(Debug)]
pub struct Foreign(pub u32);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fault {}", self.0)
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "foreign {}", self.0)
    }
}

impl Error for Fault {}
impl Error for Foreign {}

impl From<Foreign> for Fault {
    fn from(Foreign(number): Foreign) -> Self {
        Self(number + 1_000_000)
    }
}

impl From<PoolError> for Fault {
    fn from(_: PoolError) -> Self {
        Self(0)
    }
}

/// How a function ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// With a value, if it has one.
    Value(Option<u8>),
    /// With `None`.
    Nothing,
    /// With an error that says so.
    Error(String),
    /// With a panic at the place of this number, or with one that no place has asked for.
    Panic(Option<u32>),
}

/// What functions return.
pub trait IntoEnd {
    /// As what all of them have in common.
    fn end(self) -> End;
}

impl<E: fmt::Display> IntoEnd for Result<u8, E> {
    fn end(self) -> End {
        // What a condition quotes is the code, which is not the same.
        let told = |error: E| error.to_string().split('`').next().unwrap_or_default().to_owned();
        self.map_or_else(|error| End::Error(told(error)), |value| End::Value(Some(value)))
    }
}

impl IntoEnd for Option<u8> {
    fn end(self) -> End {
        self.map_or(End::Nothing, |value| End::Value(Some(value)))
    }
}

impl IntoEnd for () {
    fn end(self) -> End {
        End::Value(None)
    }
}

/// The pool of all blocks that do not make their own.
///
/// # Panics
///
/// Never: one thread is enough.
pub fn pool() -> &'static ThreadPoolExecutor {
    static POOL: LazyLock<ThreadPoolExecutor> = LazyLock::new(|| ThreadPoolExecutor::new(1).expect("a pool"));
    &POOL
}

/// What a future gives that waits for nothing.
///
/// # Panics
///
/// If it waits.
pub fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future waits"),
    }
}
