//! The state of one submitted job.
//!
//! ```text
//!            begin                 settle
//!  Pending ─────────▶ Running ──────────────▶ Finishing ────▶ Done ───▶ Taken
//!     │                                           ▲           (value    (value
//!     └──────────── settle (cancel, shutdown) ────┘            here)     gone)
//! ```
//!
//! 1. Only one caller of [`Core::settle`] wins; the others' results are dropped.
//! 2. Callbacks run in `Finishing`, with the result still owned by the settling
//!    thread: outside the lock, and before any waiter can take the value.
//! 3. A callback added in `Finishing` is run by the settling thread; one added
//!    in `Done` goes back to `Finishing` for its own run, in the adding thread.
//! 4. Whoever waits is told after `Done` is published, never before.
//! 5. Nothing of the user's unwinds out of `settle` or `refuse`: callbacks, wakers
//!    and destructors are contained. So whoever ends many jobs ends all of them.
//! 6. When the future is gone (`detached`), the value is dropped inside of
//!    `settle`. So whoever returns from `settle` knows that the value is either
//!    in its future's hands or no more; a scope relies on it.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use crate::error::TaskError;
use crate::sync::{Condvar, Mutex, MutexGuard};

/// A number that no other job of this process has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(usize);

impl TaskId {
    fn next() -> Self {
        static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(1);
        // Relaxed: only the uniqueness of the number counts.
        Self(NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// How far a job has come (Python: `pending`, `running`, `cancelled`, `finished`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for its turn and can still be cancelled.
    Pending,
    /// It runs.
    Running,
    /// It was cancelled before it started.
    Cancelled,
    /// It has ended with a value.
    Finished,
    /// It has ended with an error other than [`TaskError::Cancelled`].
    Failed,
}

impl State {
    /// Whether the job has ended, in whatever way.
    pub fn is_done(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }

    fn of<T>(result: &Result<T, TaskError>) -> Self {
        match result {
            Ok(_) => Self::Finished,
            Err(TaskError::Cancelled) => Self::Cancelled,
            Err(_) => Self::Failed,
        }
    }
}

/// A job as those see it who do not know its type: the queue, a scope.
pub(crate) trait Handle: Send + Sync {
    /// Ends the job with `error` if it has not started; whether it had not.
    fn refuse(&self, error: TaskError) -> bool;

    fn state(&self) -> State;

    /// Runs the job in the calling thread if that thread works for the job's
    /// pool and the job is still queued there; else does nothing.
    ///
    /// A worker calls this before it waits, because the job it waits for might
    /// be waiting for that very worker. Only the awaited job is ever helped:
    /// running an unrelated one could need a lock that the waiter holds.
    fn help(&self);
}

/// A job as its future sees it.
pub(crate) trait Source<T>: Handle {
    fn core(&self) -> &Core<T>;
}

/// Told when a job is done.
pub(crate) trait Watcher: Send + Sync {
    fn job_done(&self, token: usize);
}

type Callback<T> = Box<dyn FnOnce(Result<&T, &TaskError>) + Send>;

/// What the future and the job share. See the module's drawing.
pub(crate) struct Core<T> {
    id: TaskId,
    shared: Mutex<Shared<T>>,
    done: Condvar,
}

struct Shared<T> {
    stage: Stage<T>,
    /// The future was dropped: nobody will ever take the value.
    detached: bool,
    callbacks: Vec<Callback<T>>,
    watchers: Vec<(Arc<dyn Watcher>, usize)>,
    waker: Option<Waker>,
}

enum Stage<T> {
    Pending,
    Running,
    /// The result is with the thread that runs the callbacks. `published`: it was there to be taken before.
    Finishing {
        state: State,
        published: bool,
    },
    Done(Result<T, TaskError>),
    Taken(State),
}

impl<T> Core<T> {
    pub(crate) fn new() -> Self {
        Self {
            id: TaskId::next(),
            shared: Mutex::new(Shared {
                stage: Stage::Pending,
                detached: false,
                callbacks: Vec::new(),
                watchers: Vec::new(),
                waker: None,
            }),
            done: Condvar::default(),
        }
    }

    pub(crate) fn id(&self) -> TaskId {
        self.id
    }

    pub(crate) fn state(&self) -> State {
        match &self.shared.lock().stage {
            Stage::Pending => State::Pending,
            // Not done before the result can be taken.
            Stage::Running | Stage::Finishing { published: false, .. } => State::Running,
            Stage::Finishing { state, published: true } | Stage::Taken(state) => *state,
            Stage::Done(result) => State::of(result),
        }
    }

    /// Whether the job is sure to end as cancelled, or has.
    pub(crate) fn is_refused(&self) -> bool {
        let shared = self.shared.lock();
        match &shared.stage {
            Stage::Pending | Stage::Running => false,
            Stage::Finishing { state, .. } | Stage::Taken(state) => *state == State::Cancelled,
            Stage::Done(result) => State::of(result) == State::Cancelled,
        }
    }

    /// Claims the job for running. False if it was cancelled or claimed before.
    pub(crate) fn begin(&self) -> bool {
        let mut shared = self.shared.lock();
        let pending = matches!(shared.stage, Stage::Pending);
        if pending {
            shared.stage = Stage::Running;
        }
        pending
    }

    /// Ends the job. `before_publishing` runs after the callbacks and before
    /// any waiter learns of the result. False if the job had ended before.
    pub(crate) fn settle(&self, result: Result<T, TaskError>, before_publishing: impl FnOnce()) -> bool {
        let mut shared = self.shared.lock();
        if !matches!(shared.stage, Stage::Pending | Stage::Running) {
            drop(shared);
            drop(result);
            return false;
        }
        shared.stage = Stage::Finishing { state: State::of(&result), published: false };
        self.publish(shared, result, before_publishing);
        true
    }

    /// As [`Core::settle`], but only for a job that has not started.
    pub(crate) fn refuse(&self, error: TaskError) -> bool {
        let mut shared = self.shared.lock();
        if !matches!(shared.stage, Stage::Pending) {
            return false;
        }
        let result = Err(error);
        shared.stage = Stage::Finishing { state: State::of(&result), published: false };
        self.publish(shared, result, || ());
        true
    }

    /// `Finishing` to `Done`: runs the callbacks, stores the result, tells all.
    fn publish<'a>(
        &'a self,
        mut shared: MutexGuard<'a, Shared<T>>,
        result: Result<T, TaskError>,
        before_publishing: impl FnOnce(),
    ) {
        loop {
            let callbacks = std::mem::take(&mut shared.callbacks);
            if callbacks.is_empty() {
                break;
            }
            drop(shared);
            for callback in callbacks {
                call(callback, result.as_ref());
            }
            shared = self.shared.lock();
        }
        shared.stage = if shared.detached {
            // Nobody can take it any more. Its destructor is user code; it may even wait for another job, so the
            // worker is not said to be free before it has run.
            drop(shared);
            let state = State::of(&result);
            contained(|| drop(result));
            shared = self.shared.lock();
            Stage::Taken(state)
        } else {
            Stage::Done(result)
        };
        before_publishing();
        let watchers = std::mem::take(&mut shared.watchers);
        let waker = shared.waker.take();
        drop(shared);
        self.done.notify_all();
        for (watcher, token) in watchers {
            watcher.job_done(token);
        }
        if let Some(waker) = waker {
            contained(|| waker.wake());
        }
    }

    /// Adds a callback, or runs it at once if the job is done.
    pub(crate) fn on_done(&self, callback: Callback<T>) {
        let mut shared = self.shared.lock();
        match &shared.stage {
            Stage::Pending | Stage::Running | Stage::Finishing { .. } => shared.callbacks.push(callback),
            Stage::Taken(_) => {
                drop(shared);
                call(callback, Err(&TaskError::AlreadyTaken));
            }
            Stage::Done(result) => {
                let finishing = Stage::Finishing { state: State::of(result), published: true };
                let Stage::Done(result) = std::mem::replace(&mut shared.stage, finishing) else {
                    unreachable!("the stage was matched under this lock");
                };
                shared.callbacks.push(callback);
                self.publish(shared, result, || ());
            }
        }
    }

    /// Waits until the job is done; false if `deadline` came first.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> bool {
        let mut shared = self.shared.lock();
        while !matches!(shared.stage, Stage::Done(_) | Stage::Taken(_)) {
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return false;
            }
            shared = self.done.wait(shared, deadline);
        }
        true
    }

    /// Takes the result if it is there.
    pub(crate) fn take(&self) -> Option<Result<T, TaskError>> {
        Self::take_locked(&mut self.shared.lock())
    }

    fn take_locked(shared: &mut Shared<T>) -> Option<Result<T, TaskError>> {
        match &shared.stage {
            Stage::Pending | Stage::Running | Stage::Finishing { .. } => None,
            Stage::Taken(_) => Some(Err(TaskError::AlreadyTaken)),
            Stage::Done(result) => {
                let taken = Stage::Taken(State::of(result));
                match std::mem::replace(&mut shared.stage, taken) {
                    Stage::Done(result) => Some(result),
                    _ => unreachable!("the stage was matched under this lock"),
                }
            }
        }
    }

    /// Takes the result, or leaves `waker` to be woken when there is one.
    pub(crate) fn poll(&self, waker: &Waker) -> Option<Result<T, TaskError>> {
        // A waker is user code, also when it is cloned and dropped.
        let waker = waker.clone();
        let mut shared = self.shared.lock();
        let result = Self::take_locked(&mut shared);
        let old = if result.is_none() { shared.waker.replace(waker) } else { None };
        drop(shared);
        drop(old);
        result
    }

    /// The future is gone: drops the value, now or when it comes.
    pub(crate) fn detach(&self) {
        let mut shared = self.shared.lock();
        shared.detached = true;
        let unclaimed = Self::take_locked(&mut shared);
        let waker = shared.waker.take();
        drop(shared);
        drop((unclaimed, waker));
    }

    /// Has `watcher` told when the job is done; false if it is done already.
    pub(crate) fn watch(&self, watcher: &Arc<dyn Watcher>, token: usize) -> bool {
        let mut shared = self.shared.lock();
        let open = !matches!(shared.stage, Stage::Done(_) | Stage::Taken(_));
        if open {
            shared.watchers.push((Arc::clone(watcher), token));
        }
        open
    }

    /// Takes back every [`Core::watch`] of `watcher`.
    pub(crate) fn unwatch(&self, watcher: &Arc<dyn Watcher>) {
        let mut shared = self.shared.lock();
        shared.watchers.retain(|(known, _)| !Arc::ptr_eq(known, watcher));
    }
}

fn call<T>(callback: Callback<T>, result: Result<&T, &TaskError>) {
    contained(|| callback(result));
}

/// Calls user code that has no business with whoever runs it. The panic hook reports a panic, and that is all:
/// whatever ends jobs must not be unwound half way.
pub(crate) fn contained(user_code: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(user_code));
}

/// Counts jobs that are done, for those who wait for several.
#[derive(Default)]
pub(crate) struct DoneList {
    tokens: Mutex<std::collections::VecDeque<usize>>,
    more: Condvar,
}

impl DoneList {
    /// The next job that is done, or `None` if `deadline` came first.
    pub(crate) fn next(&self, deadline: Option<Instant>) -> Option<usize> {
        let mut tokens = self.tokens.lock();
        loop {
            if let Some(token) = tokens.pop_front() {
                return Some(token);
            }
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return None;
            }
            tokens = self.more.wait(tokens, deadline);
        }
    }
}

impl Watcher for DoneList {
    fn job_done(&self, token: usize) {
        self.tokens.lock().push_back(token);
        self.more.notify_all();
    }
}
