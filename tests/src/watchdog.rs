//! A time limit for each test that could hang.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Far more than any test takes, also beside other work on a slow machine.
const LIMIT: Duration = Duration::from_mins(2);

/// Runs a test; ends the whole process with a message if it takes too long.
///
/// A test that hangs cannot be unwound, so nothing less than that helps.
pub fn limited<R>(test: impl FnOnce() -> R) -> R {
    limited_to(LIMIT, test)
}

/// [`limited`] for a test that says itself how long it may take.
pub fn limited_to<R>(limit: Duration, test: impl FnOnce() -> R) -> R {
    let (done, is_done) = mpsc::channel::<()>();
    let name = thread::current().name().unwrap_or("a test").to_owned();
    let watchdog = thread::spawn(move || {
        if is_done.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout) {
            eprintln!("{name} took longer than {limit:?}");
            std::process::abort();
        }
    });
    let result = test();
    drop(done);
    watchdog.join().expect("the watchdog only waits");
    result
}
