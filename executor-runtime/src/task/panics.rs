//! Catching what a task panics with, and where.
//!
//! The payload of a panic does not say where it was raised; only the panic hook
//! is told. So a hook is put before the one that is there, which notes the
//! place for tasks and passes the panic on.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::{Arc, Once};

use crate::error::{PanicReport, TaskError};

thread_local! {
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `job`; a panic becomes an error that says what, where and in which worker.
///
/// Unwind safety: everything the job owned is dropped by the unwinding, and what it shares with others is
/// theirs to judge, as with a thread's `join`.
pub(crate) fn catch<R>(job: impl FnOnce() -> R) -> Result<R, TaskError> {
    watch();
    // Of an earlier panic that somebody else caught.
    LOCATION.take();
    catch_unwind(AssertUnwindSafe(job)).map_err(|payload| {
        let report = PanicReport::new(message(&*payload), LOCATION.take(), worker());
        // A payload may panic when it is dropped; that one is not worth a report.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
        TaskError::Panicked(Arc::new(report))
    })
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
            // A thread that is being torn down has no place to note it.
            let _ = LOCATION.try_with(|slot| slot.replace(info.location().map(ToString::to_string)));
            next(info);
        }));
    });
}

fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a value that is no text".to_owned()
    }
}

fn worker() -> String {
    let thread = std::thread::current();
    format!("thread `{}` of process {}", thread.name().unwrap_or("unnamed"), std::process::id())
}
