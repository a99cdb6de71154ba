//! What a worker writes to its stderr, on its way to the stderr of the pool's process.
//!
//! ```text
//!  task ──▶ its stderr = the guest's end of the control socket ══▶ the host's end
//!                                                                      │  one thread for all workers
//!                                                    the last lines ◀──┴──▶ stderr
//! ```
//!
//! 1. The host says nothing over the control socket after its `Hello`, and the guest nothing after its `Welcome`. From
//!    there on the socket is the worker's stderr, so that it costs the host no descriptor.
//! 2. The thread is there as long as there is a worker to listen to. It takes a piece of each that has written, in turn.
//!    What it has no time for waits in the sockets; when one is full its worker waits, as it would for a terminal.
//! 3. Nobody else writes to stderr for them, since that may stand still: a terminal that was stopped, a pipe that
//!    nobody reads.
//! 4. When a worker has ended, its lane shuts the socket down. So there is an end to what comes, whoever else has got
//!    the worker's stderr. The lane waits until the thread has come to it, but not for ever: see rule 3.
//!    Then the thread forgets it, and the socket is closed.

use std::collections::HashMap;
use std::io;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, epoll, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use rustix::stdio::stderr;

use super::words::Words;
use crate::sys::process::block_sigpipe;

/// Where the stderr of a pool's workers goes: [`ProcessPoolBuilder::stderr`](crate::ProcessPoolBuilder::stderr).
/// (Python's workers inherit it.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WorkerStderr {
    /// To this process, which writes it to its own stderr, and keeps the last lines of each worker for
    /// [`WorkerDeath::last_words`](crate::WorkerDeath::last_words). The default.
    ///
    /// What a worker has written before its end is out before its task's future says that it died, and before the end
    /// of its pool; unless stderr stands still, as a pipe does that nobody reads: that is waited for two seconds. To
    /// a worker it is no terminal. Where several write much at once, a line of one may stand in the middle of another's. Who writes more than can be passed on has to wait. What a worker has written in the
    /// moment before this process itself ends, without the end of its pool, may be lost. So is what a program writes
    /// that a task has started and that goes on without its worker: that gets an error, or SIGPIPE.
    #[default]
    Forward,
    /// To where this process's goes, without passing through it.
    Inherit,
    /// Nowhere.
    Null,
}

/// Where the stdout of a pool's workers goes: [`ProcessPoolBuilder::stdout`](crate::ProcessPoolBuilder::stdout).
/// (Python's workers inherit it.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WorkerStdout {
    /// To where this process's goes. The default.
    #[default]
    Inherit,
    /// Nowhere.
    Null,
}

/// So much is taken of one worker before it is the next one's turn.
const PIECE_LEN_BYTES: usize = 16 * 1024;

/// What is in a socket does not come near this.
const MOST_LEFT_LEN_BYTES: usize = 1024 * 1024;

/// How long a lane waits until what its worker has written is out.
const PATIENCE: Duration = Duration::from_secs(2);

/// The host's end of a worker's control socket, after the first exchange. When this is dropped, the worker's end is
/// closed, and the worker knows that nobody needs it; and what it has written is out, if that can be.
#[derive(Debug)]
pub(crate) struct Output(Source);

/// See [`Output`]; the thread has a copy.
#[derive(Clone, Debug)]
struct Source {
    control: Arc<UnixStream>,
    heard: Arc<Heard>,
}

#[derive(Debug, Default)]
struct Heard {
    state: Mutex<State>,
    /// The thread has come to the end.
    over: Condvar,
}

#[derive(Debug, Default)]
struct State {
    words: Words,
    /// The thread listens.
    is_forwarded: bool,
    /// The thread, if this was the last one that it listened to.
    thread: Option<JoinHandle<()>>,
}

impl Output {
    /// What is written to `control` stays there.
    pub(crate) fn unheard(control: UnixStream) -> Self {
        Self(Source { control: Arc::new(control), heard: Arc::default() })
    }

    /// What is written to `control` is passed on.
    pub(crate) fn forwarded(control: UnixStream) -> io::Result<Self> {
        let output = Self::unheard(control);
        Forwarder::listen_to(&output.0)?;
        Ok(output)
    }

    /// What a worker that has ended wrote last. All that it has written is out, if that can be.
    pub(crate) fn finish(&self) -> Words {
        let mut words = self.0.await_end();
        // There for a thread that stands still, or because nobody listens.
        words.hear(&left_in(&self.0.control));
        words
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.0.await_end();
    }
}

impl Source {
    /// Rule 4. Nothing more, if the thread does not listen: then this is the only hand on the socket.
    fn await_end(&self) -> Words {
        let Heard { state, over } = &*self.heard;
        if lock(state).is_forwarded {
            // If it fails the other end is closed already.
            let _ = self.control.shutdown(Shutdown::Both);
        }
        let waited = over.wait_timeout_while(lock(state), PATIENCE, |state| state.is_forwarded);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        // It is not waited for again.
        let stands_still = std::mem::take(&mut state.is_forwarded);
        let (words, thread) = (std::mem::take(&mut state.words), state.thread.take());
        drop(state);
        if stands_still {
            Forwarder::forget(self);
        }
        if let Some(thread) = thread {
            // It has nothing to do any more.
            let _ = thread.join();
        }
        words
    }

    /// Passes on a piece, if there is any; false if there will be no more.
    fn pass_on(&self, piece: &mut [u8]) -> bool {
        match recv(&self.control, &mut *piece, RecvFlags::DONTWAIT) {
            Ok((0, _)) => false,
            Ok((len, _)) => {
                lock(&self.heard.state).words.hear(&piece[..len]);
                write(&piece[..len]);
                true
            }
            Err(Errno::AGAIN | Errno::INTR) => true,
            Err(_) => false,
        }
    }

    /// The thread has come to its end, and goes, if it is given.
    fn end(self, thread: Option<JoinHandle<()>>) {
        let Self { control, heard } = self;
        // Who waits for the end may count descriptors after that.
        drop(control);
        let mut state = lock(&heard.state);
        (state.is_forwarded, state.thread) = (false, thread);
        drop(state);
        heard.over.notify_all();
    }
}

/// What has come over a socket, which it leaves there.
fn left_in(control: &UnixStream) -> Vec<u8> {
    let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
    let mut left = Vec::new();
    // Mostly there is nothing, and no need for memory.
    if let Ok((1.., _)) = recv(control, &mut [0], flags) {
        left.reserve(MOST_LEFT_LEN_BYTES);
        let _ = recv(control, spare_capacity(&mut left), flags);
    }
    left
}

/// Writes to stderr. There is no help if that fails, and nobody who could be told.
fn write(mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match rustix::io::write(stderr(), bytes) {
            Ok(len) => bytes = &bytes[len..],
            Err(Errno::INTR) => {}
            // Somebody has made it so that it does not wait.
            Err(Errno::AGAIN) => drop(poll(&mut [PollFd::from_borrowed_fd(stderr(), PollFlags::OUT)], None)),
            Err(_) => return,
        }
    }
}

/// The thread that listens, and to whom. There is one while there is anybody.
struct Forwarder {
    /// Of the process whose thread it is: a copy of that has none.
    pid: u32,
    epoll: Arc<OwnedFd>,
    sources: HashMap<u64, Source>,
    /// What the next source is called.
    next: u64,
    /// Always there once it has started.
    thread: Option<JoinHandle<()>>,
}

static FORWARDER: Mutex<Option<Forwarder>> = Mutex::new(None);

impl Forwarder {
    fn listen_to(source: &Source) -> io::Result<()> {
        let mut forwarder = lock(&FORWARDER);
        if forwarder.as_ref().is_some_and(|here| here.pid != process::id()) {
            // What it has is the original's.
            std::mem::forget(forwarder.take());
        }
        if let Some(here) = &mut *forwarder {
            here.add(source)?;
        } else {
            let mut new = Self::new()?;
            new.add(source)?;
            let epoll = Arc::clone(&new.epoll);
            let thread = thread::Builder::new().name("worker-output".to_owned()).spawn(move || run(&epoll));
            new.thread = Some(thread?);
            *forwarder = Some(new);
        }
        // The thread comes to the end of nothing before it gets the forwarder's lock.
        lock(&source.heard.state).is_forwarded = true;
        Ok(())
    }

    /// The thread need not come to the end of it any more.
    fn forget(source: &Source) {
        let mut forwarder = lock(&FORWARDER);
        let Some(here) = &mut *forwarder else { return };
        // The socket is closed with the last who has it, and the epoll forgets it then.
        here.sources.retain(|_, other| !Arc::ptr_eq(&other.heard, &source.heard));
    }

    fn new() -> Result<Self, Errno> {
        let epoll = Arc::new(epoll::create(epoll::CreateFlags::CLOEXEC)?);
        Ok(Self { pid: process::id(), epoll, sources: HashMap::new(), next: 0, thread: None })
    }

    fn add(&mut self, source: &Source) -> Result<(), Errno> {
        let name = epoll::EventData::new_u64(self.next);
        epoll::add(&self.epoll, &source.control, name, epoll::EventFlags::IN)?;
        self.sources.insert(self.next, source.clone());
        self.next += 1;
        Ok(())
    }
}

/// What the thread does.
fn run(epoll: &OwnedFd) {
    /// So many are found at once. The kernel tells of all in turn.
    const MOST_EVENTS: usize = 64;

    block_sigpipe();
    let mut piece = vec![0; PIECE_LEN_BYTES];
    let mut events = Vec::with_capacity(MOST_EVENTS);
    loop {
        match epoll::wait(epoll, spare_capacity(&mut events), None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => panic!("waiting for sockets cannot fail: {error}"),
        }
        for event in events.drain(..) {
            let name = event.data.u64();
            let Some(source) = lock(&FORWARDER).as_ref().and_then(|here| here.sources.get(&name).cloned()) else {
                continue;
            };
            if !source.pass_on(&mut piece) && !leave(name, source) {
                return;
            }
        }
        // Its last one may have been forgotten while it stood still.
        if lock(&FORWARDER).take_if(|here| here.sources.is_empty()).is_some() {
            return;
        }
    }
}

/// Has the thread listen to one less; false if that was the last.
fn leave(name: u64, source: Source) -> bool {
    let mut forwarder = lock(&FORWARDER);
    let Some(here) = &mut *forwarder else { return false };
    // It cannot be unknown, and if it were, there would be nothing to do.
    let _ = epoll::delete(&here.epoll, &source.control);
    here.sources.remove(&name);
    let is_last = here.sources.is_empty();
    let thread = if is_last { forwarder.take().and_then(|here| here.thread) } else { None };
    source.end(thread);
    !is_last
}

/// Nothing panics under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
