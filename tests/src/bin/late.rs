//! A program that ends while its pool may still have work.
//!
//! Its arguments: the executor's name, and how the program ends.

use std::cell::RefCell;
use std::error::Error;
use std::sync::OnceLock;

use executor_runtime::prelude::*;
use executor_tests::gate::{self, Gate};
use executor_tests::tasks::{pid, square};

/// Says something where the program's own output goes.
#[pool_task(process)]
fn say(text: &str) {
    println!("{text}");
}

fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1).as_deref() {
        Some("threads") => end(ThreadPoolExecutor::new(1)?, ThreadPoolExecutor::shutdown_background),
        Some("processes") => end(ProcessPoolExecutor::new(1)?, ProcessPoolExecutor::shutdown_background),
        other => Err(format!("no executor {other:?}").into()),
    }
}

fn end<E: Executor + 'static>(pool: E, shutdown_background: fn(&E)) -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(2).as_deref() {
        Some("with-work") => leave_work(&pool),
        Some("and-submits") => submit_after_main(Box::new(pool)),
        Some("in-the-background") => leave_running(&pool, || shutdown_background(&pool)),
        other => return Err(format!("no end {other:?}").into()),
    }
    Ok(())
}

/// Ends with calls that have not started.
fn leave_work(pool: &dyn Executor) {
    for _ in 0..20 {
        drop(pool.submit(say::task("apple")));
    }
}

/// Says who runs its calls, and ends while one of them runs and another one has been cancelled.
fn leave_running(pool: &dyn Executor, shutdown_background: impl FnOnce()) {
    println!("{}", pool.submit(pid::task()).result().expect("a pid"));
    let folder = tempfile::tempdir().expect("a folder");
    let gate = Gate::new(folder.path(), "gate");
    let running = pool.submit(gate::pass::task(gate.path()));
    // Nobody ever opens the gate.
    std::mem::forget(gate.await_task());
    let queued = pool.submit(say::task("apple"));
    shutdown_background();
    println!("{} {}", running.is_running(), queued.cancel());
}

/// Submits once more when `main` has returned: to a pool that lives on in a static, and again after its shutdown.
fn submit_after_main(pool: Box<dyn Executor>) {
    static POOL: OnceLock<Box<dyn Executor>> = OnceLock::new();

    /// Dropped when the main thread ends.
    struct Last;

    impl Drop for Last {
        fn drop(&mut self) {
            let pool = POOL.get().expect("filled by main");
            println!("{:?}", pool.submit(square::task(3)).result());
            pool.shutdown(Shutdown::Drain);
            println!("{:?}", pool.submit(square::task(3)).result());
        }
    }

    thread_local! {
        static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
    }
    POOL.get_or_init(|| pool);
    LAST.set(Some(Last));
}
