//! Ends the run if a contestant hangs: nobody waits in vain for a table.

use std::process::abort;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// Far more than any turn needs.
const LIMIT: Duration = Duration::from_secs(90);

/// Runs `turn`, and ends the program with a word about `who` if that takes longer than the limit.
pub(crate) fn limited<R>(who: &str, turn: impl FnOnce() -> R) -> R {
    let (done, dog) = channel::<()>();
    let who = who.to_owned();
    let dog = thread::spawn(move || {
        if dog.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
            eprintln!("{who} did not end within {LIMIT:?}");
            // Nothing that hangs can hold this up; workers end with their parent.
            abort();
        }
    });
    let result = turn();
    drop(done);
    dog.join().expect("it does nothing that could panic");
    result
}
