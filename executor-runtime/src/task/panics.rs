//! Catching what a task panics with, where and why, and raising it again.
//!
//! The payload of a panic does not say where it was raised; only the panic hook
//! is told. So a hook is put before the one that is there, which notes the
//! place for tasks and passes the panic on. A program that sets a hook of its own
//! later takes ours away, and with it place and backtrace; ours is not put back,
//! since nobody can look at a hook without taking it, and another thread could set
//! one in between, which would then be lost.

use std::any::{Any, TypeId};
use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::{Cell, RefCell};
use std::error::Error;
use std::io;
use std::iter::successors;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::{Arc, Once};

use crate::error::{MAX_CAUSES, PanicReport, PoolError, TaskError, drop_payload};

thread_local! {
    /// `None` while no task runs in this thread: then nobody needs the notes.
    static NOTES: RefCell<Option<Notes>> = const { RefCell::new(None) };

    /// Whether there may be something in the notes of the task that runs: quicker to look at.
    static NOTED: Cell<bool> = const { Cell::new(false) };
}

/// What the payload of a panic does not tell.
#[derive(Default)]
struct Notes {
    /// Of the last panic that the hook saw. In a box: notes are moved for each task, and nearly none has any.
    raised: Option<Box<Raised>>,
    /// The last panic that did not pass the hook because it had been raised before, with the address of its payload.
    raised_again: Option<(usize, Arc<PanicReport>)>,
}

struct Raised {
    /// What it was raised with. Another panic may have been passed on since, without the hook.
    kind: Kind,
    location: Option<String>,
    backtrace: Backtrace,
}

/// What can be told of a payload that is moved before it can be looked at again: its type, and its text.
#[derive(PartialEq, Eq)]
struct Kind(TypeId, Option<String>);

impl Kind {
    fn of(payload: &(dyn Any + Send)) -> Self {
        Self(payload.type_id(), text(payload).map(str::to_owned))
    }
}

/// Runs `job`; a panic becomes an error that says what, where and in which worker.
///
/// Unwind safety: everything the job owned is dropped by the unwinding, and what it shares with others is
/// theirs to judge, as with a thread's `join`.
pub(crate) fn catch<R>(job: impl FnOnce() -> R) -> Result<R, TaskError> {
    watch();
    // A task may run within another one, also while that one unwinds.
    let outer = exchange(Some(Notes::default()));
    let outer_noted = NOTED.replace(false);
    let result = catch_unwind(AssertUnwindSafe(job)).map_err(|payload| {
        let notes = exchange(None).unwrap_or_default();
        TaskError::Panicked(Arc::new(report(payload, notes)))
    });
    exchange(outer);
    NOTED.set(outer_noted);
    result
}

/// Between two jobs that one [`catch`] is for: what the first one's panics left behind is not told of the other's.
#[inline]
pub(crate) fn forget_notes() {
    if NOTED.replace(false) {
        drop(exchange(Some(Notes::default())));
    }
}

/// Puts these notes in the place of those that are there. A thread that is being torn down has no place for any.
fn exchange(notes: Option<Notes>) -> Option<Notes> {
    NOTES.try_with(|place| place.replace(notes)).unwrap_or_default()
}

fn watch() {
    static WATCH: Once = Once::new();
    // Hooks cannot be changed by a thread that panics: the next one will do it.
    if std::thread::panicking() {
        return;
    }
    WATCH.call_once(|| {
        let next = take_hook();
        set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            note(info);
            next(info);
        }));
    });
}

fn note(info: &PanicHookInfo<'_>) {
    // A thread that is being torn down has no place to note it.
    let _ = NOTES.try_with(|notes| {
        if let Ok(mut notes) = notes.try_borrow_mut()
            && let Some(notes) = &mut *notes
        {
            let location = info.location().map(ToString::to_string);
            let raised = Raised { kind: Kind::of(info.payload()), location, backtrace: Backtrace::capture() };
            *notes = Notes { raised: Some(Box::new(raised)), raised_again: None };
            NOTED.set(true);
        }
    });
}

fn report(payload: Box<dyn Any + Send>, notes: Notes) -> PanicReport {
    let again = notes.raised_again.filter(|(address, _)| *address == address_of(&*payload)).map(|(_, report)| report);
    let (message, causes) = said(&*payload);
    if let Some(inner) = again {
        let causes = std::iter::once(inner.to_string()).chain(inner.causes().map(str::to_owned));
        let mut report = PanicReport::new(payload, message, worker(), causes);
        report.raised_at(inner.location.clone(), inner.backtrace.clone());
        return report;
    }
    let raised = notes.raised.filter(|raised| raised.kind == Kind::of(&*payload));
    let mut report = PanicReport::new(payload, message, worker(), causes);
    if let Some(raised) = raised {
        let Raised { location, backtrace, .. } = *raised;
        let captured = backtrace.status() == BacktraceStatus::Captured;
        report.raised_at(location, captured.then(|| backtrace.to_string()));
    }
    report
}

fn text(payload: &(dyn Any + Send)) -> Option<&str> {
    payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}

/// What a payload has to say, and what an error in it says of its sources.
fn said(payload: &(dyn Any + Send)) -> (String, Vec<String>) {
    if let Some(text) = text(payload) {
        return (text.to_owned(), Vec::new());
    }
    let Some(error) = as_error(payload) else {
        return ("a value that is no text".to_owned(), Vec::new());
    };
    // An error's `Display` and `source` are user code, and may panic.
    let said = catch_unwind(AssertUnwindSafe(|| {
        let sources = successors(error.source(), |&error| error.source()).take(MAX_CAUSES);
        (error.to_string(), sources.map(ToString::to_string).collect())
    }));
    said.unwrap_or_else(|another| {
        drop_payload(another);
        ("an error that cannot be shown".to_owned(), Vec::new())
    })
}

/// The error in a payload. `Any` knows types only, so it has to be one of these.
fn as_error(payload: &(dyn Any + Send)) -> Option<&(dyn Error + 'static)> {
    fn of<E: Error + 'static>(payload: &(dyn Any + Send)) -> Option<&(dyn Error + 'static)> {
        payload.downcast_ref::<E>().map(|error| error as &dyn Error)
    }

    let boxed = payload.downcast_ref::<Box<dyn Error + Send + Sync>>().map(|error| &**error as &dyn Error);
    let boxed = boxed.or_else(|| payload.downcast_ref::<Box<dyn Error + Send>>().map(|error| &**error as &dyn Error));
    boxed.or_else(|| of::<TaskError>(payload)).or_else(|| of::<PoolError>(payload)).or_else(|| of::<io::Error>(payload))
}

fn worker() -> String {
    let thread = std::thread::current();
    format!("thread `{}` of process {}", thread.name().unwrap_or("unnamed"), std::process::id())
}

/// Tells payloads apart: unwinding passes on the box that it was given.
fn address_of(payload: &(dyn Any + Send)) -> usize {
    std::ptr::from_ref(payload).addr()
}

impl TaskError {
    /// Goes on with the task's panic in the calling thread, if it was one; else gives the error back
    /// (Python: `Future.result()`, which raises what the task raised).
    ///
    /// It is raised with what the task panicked with, if that was in this process and is raised for the first time;
    /// else with the message, as a `String`. The panic hook is not called again: it has reported this panic.
    ///
    /// Within another task the report of that one has this one's as its [`cause`](PanicReport::cause).
    ///
    /// # Panics
    ///
    /// If the task has panicked: that is what it is for.
    ///
    /// # Examples
    ///
    /// ```
    /// use executor_runtime::prelude::*;
    ///
    /// let pool = ThreadPoolExecutor::new(1)?;
    /// let future = pool.submit(|| -> u32 { std::panic::panic_any(7) });
    /// let other = std::thread::spawn(move || future.result().map_err(TaskError::resume_unwind));
    /// assert_eq!(other.join().unwrap_err().downcast_ref(), Some(&7));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "it comes back if the task has not panicked"]
    pub fn resume_unwind(self) -> Self {
        let Self::Panicked(report) = self else { return self };
        let payload = report.take_payload().unwrap_or_else(|| Box::new(report.message.clone()));
        let address = address_of(&*payload);
        let _ = NOTES.try_with(|notes| {
            if let Some(notes) = &mut *notes.borrow_mut() {
                notes.raised_again = Some((address, report));
                NOTED.set(true);
            }
        });
        std::panic::resume_unwind(payload)
    }
}
