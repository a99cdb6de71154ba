//! For what may never end, although it should.

use std::fmt::Display;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

/// What has not gone on by then is lost.
pub(crate) const HANG: Duration = Duration::from_mins(2);

/// Does `act`, which is `what`, and ends the program if that does not go on: it is given what it can say so with.
/// Nobody has to trust a time limit of the pool's for that.
pub(crate) fn watched<R>(what: &str, act: impl FnOnce(&Sender<()>) -> R) -> R {
    let (going_on, goes_on) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            loop {
                match goes_on.recv_timeout(HANG) {
                    Ok(()) => {}
                    Err(RecvTimeoutError::Disconnected) => return,
                    Err(RecvTimeoutError::Timeout) => lost(what),
                }
            }
        });
        // It is dropped before the scope waits for the thread.
        let going_on = going_on;
        act(&going_on)
    })
}

/// Nobody will ever tell what has become of it.
pub(crate) fn lost(what: impl Display) -> ! {
    eprintln!("error: {what} has not gone on for {HANG:?}");
    std::process::exit(1)
}
