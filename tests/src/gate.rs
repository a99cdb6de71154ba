//! Stages instead of sleeps: a task that has started and waits to be let go.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use executor_runtime::pool_task;
use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat};

/// A named pipe between a test and one task that runs [`pass`].
///
/// Opening a named pipe waits for the other end, which is what makes it a stage: the test knows that the task
/// runs, and the task runs until the test lets it go. It works across threads and processes alike.
pub struct Gate {
    path: PathBuf,
}

impl Gate {
    /// A closed gate in `folder`.
    pub fn new(folder: &Path, name: &str) -> Self {
        let path = folder.join(name);
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a named pipe");
        Self { path }
    }

    /// What the task is given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until the task has come to the gate.
    pub fn await_task(&self) -> Waiting {
        Waiting { pipe: OpenOptions::new().write(true).open(&self.path).expect("the gate's pipe") }
    }

    /// A task that is at the gate already, if there is one.
    pub fn try_await_task(&self) -> Option<Waiting> {
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let pipe = OpenOptions::new().write(true).custom_flags(flags).open(&self.path).ok()?;
        Some(Waiting { pipe })
    }
}

/// A task that waits at its gate. Dropping this lets it go, too.
pub struct Waiting {
    pipe: File,
}

impl Waiting {
    /// Lets the task go on.
    pub fn open(mut self) {
        // A task that has been killed meanwhile is no error here.
        let _ = self.pipe.write_all(b"go");
    }
}

/// Holds every task that runs [`held`], those that have come and those that will, until it is dropped.
///
/// Other than a [`Gate`] it is for any number of tasks, and tells nothing of them.
pub struct Hold {
    path: PathBuf,
    lock: File,
}

impl Hold {
    /// Holds from now on. Its file lies in `folder`.
    pub fn new(folder: &Path, name: &str) -> Self {
        let path = folder.join(name);
        let lock = File::create_new(&path).expect("a file for a lock");
        lock.lock().expect("a lock that nobody else has");
        Self { path, lock }
    }

    /// What the tasks are given.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        // Closing the file is not enough where a process is just being started and still has a copy of it.
        self.lock.unlock().expect("our own lock");
    }
}

/// Waits until nobody holds it any more, and returns the pid of the process that did.
#[pool_task(process)]
pub fn held(hold: &Path) -> u64 {
    File::open(hold).expect("the lock's file").lock_shared().expect("a shared lock");
    std::process::id().into()
}

/// Waits at the gate and returns the pid of the process that did.
#[pool_task(process)]
pub fn pass(gate: &Path) -> u64 {
    let mut said = String::new();
    File::open(gate).expect("the gate's pipe").read_to_string(&mut said).expect("the gate's word");
    std::process::id().into()
}
