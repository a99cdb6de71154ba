//! The state of one submitted job.
//!
//! ```text
//!            begin                 settle
//!  Pending ─────────▶ Running ──────────────▶ Finishing ────▶ Done ───▶ Taken
//!     │                                           ▲           (value    (value
//!     └──────────── settle (cancel, shutdown) ────┘            here)     gone)
//! ```
//!
//! Only a value can be taken; an error stays in `Done` and is given again to whoever asks, until the future
//! is gone.
//!
//! 1. Only one caller of [`Core::settle`] wins; the others' results are dropped.
//! 2. Callbacks run in `Finishing`, with the result still owned by the settling
//!    thread: outside the lock, and before any waiter can take the value.
//! 3. A callback added in `Finishing` is run by the settling thread; one added
//!    in `Done` in the adding thread. For that a value goes back to `Finishing`,
//!    which shows the job as done all the while: nobody can take the value then,
//!    since the future that adds the callback is borrowed for it.
//! 4. Whoever waits is told after `Done` is published, never before.
//! 5. Nothing of the user's unwinds out of `settle` or `refuse`: callbacks, wakers
//!    and destructors are contained. So whoever ends many jobs ends all of them.
//! 6. When the future is gone (`detached`), the value is dropped inside of
//!    `settle`. So whoever returns from `settle` knows that the value is either
//!    in its future's hands or no more; a scope relies on it.
//! 7. What a job has run, or would have, is gone before anybody sees its end:
//!    `release` of a refused one lets go of it before the callbacks.
//! 8. `progress` says without the lock how far the job is. Only `begin` changes it
//!    without the lock, from pending to running; all other changes are made
//!    under it, together with the stage, and only forwards. So whoever reads
//!    `RUNNING` or more knows that the job cannot be claimed any more, whoever
//!    reads `DONE` that there is a result, and whoever reads `TAKEN` that nothing
//!    will ever be here again.
//! 9. A waiter that sleeps is counted under the lock, so that nobody is woken,
//!    which costs a system call, where nobody sleeps.

use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use super::done_list::Watcher;
use super::state::{End, State};
use super::{Status, TaskId, unobserved};
use crate::error::{TaskError, WaitTimeout, drop_payload};
use crate::sync::{AtomicU32, Condvar, Mutex, MutexGuard, Ordering, snooze};

type Callback<T> = Box<dyn FnOnce(Result<&T, &TaskError>) + Send>;

/// What the future and the job share. See the module's drawing.
pub(crate) struct Core<T> {
    id: TaskId,
    submitted_at: &'static Location<'static>,
    /// See rule 8.
    progress: AtomicU32,
    shared: Mutex<Shared<T>>,
    done: Condvar,
}

const PENDING: u32 = 0;
const RUNNING: u32 = 1;
/// The stage is `Finishing`.
const FINISHING: u32 = 2;
/// There is a result, or was.
const DONE: u32 = 3;
/// The stage is `Taken`.
const TAKEN: u32 = 4;

struct Shared<T> {
    stage: Stage<T>,
    /// Waiters that sleep.
    sleeping: u32,
    /// The future was dropped: nobody will ever take the value.
    detached: bool,
    /// Somebody was given the error, or said that nobody cares: see `unobserved`.
    observed: bool,
    /// `None` for most jobs, which somebody waits for and nothing else.
    told: Option<Box<Told<T>>>,
}

/// Who is told of a job's end, besides those that sleep until then.
struct Told<T> {
    callbacks: Vec<Callback<T>>,
    watchers: Vec<(Arc<dyn Watcher>, usize)>,
    waker: Option<Waker>,
}

impl<T> Shared<T> {
    fn told(&mut self) -> &mut Told<T> {
        self.told.get_or_insert_with(|| Box::new(Told { callbacks: Vec::new(), watchers: Vec::new(), waker: None }))
    }
}

enum Stage<T> {
    /// Pending or running: see `Core::progress`.
    Open,
    /// The result is with the thread that runs the callbacks. `shown` is the state before, which it still shows: a
    /// cancelled job has never run, and a result that was there to be taken remains the job's end.
    Finishing {
        end: End,
        shown: State,
    },
    Done(Result<T, TaskError>),
    /// The value was taken, or the future is gone and the result with it.
    Taken(End),
}

impl<T> Stage<T> {
    /// `None` for a job that is open.
    fn state(&self) -> Option<State> {
        match self {
            Self::Open => None,
            // Not done before the result can be taken.
            Self::Finishing { shown, .. } => Some(*shown),
            Self::Done(result) => Some(End::of(result).state()),
            Self::Taken(end) => Some(end.state()),
        }
    }

    /// How the job has ended; `None` as long as no result can be taken.
    fn end(&self) -> Option<End> {
        match self {
            Self::Open => None,
            Self::Finishing { end, shown } => shown.is_done().then_some(*end),
            Self::Taken(end) => Some(*end),
            Self::Done(result) => Some(End::of(result)),
        }
    }
}

impl<T> Core<T> {
    pub(crate) fn new(submitted_at: &'static Location<'static>) -> Self {
        Self {
            id: TaskId::next(),
            submitted_at,
            progress: AtomicU32::new(PENDING),
            shared: Mutex::new(Shared {
                stage: Stage::Open,
                sleeping: 0,
                detached: false,
                observed: false,
                told: None,
            }),
            done: Condvar::default(),
        }
    }

    /// Where the job was submitted.
    pub(crate) fn submitted_at(&self) -> &'static Location<'static> {
        self.submitted_at
    }

    /// Claims the job for running. False if it was cancelled or claimed before.
    pub(crate) fn begin(&self) -> bool {
        // Relaxed: what the job consists of came with the job, and it changes hands under locks of its own.
        self.progress.compare_exchange(PENDING, RUNNING, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Ends the job. `before_publishing` runs after the callbacks and before
    /// any waiter learns of the result. False if the job had ended before.
    pub(crate) fn settle(&self, mut result: Result<T, TaskError>, before_publishing: impl FnOnce()) -> bool {
        if let Err(error) = &mut result {
            error.place(self.submitted_at);
        }
        let mut shared = self.shared.lock();
        if !matches!(shared.stage, Stage::Open) {
            drop(shared);
            // It came too late, and its destructor is user code.
            contained(|| drop(result));
            return false;
        }
        // Relaxed: it is the lock that shows others the result. A `begin` comes before this or fails.
        let shown = open_state(self.progress.swap(FINISHING, Ordering::Relaxed));
        shared.stage = Stage::Finishing { end: End::of(&result), shown };
        self.publish(shared, result, before_publishing);
        true
    }

    /// As [`Core::settle`], but only for a job that has not started. `release` lets go of what it would have run:
    /// that is gone before anybody learns that the job has ended.
    pub(crate) fn refuse(&self, error: TaskError, release: impl FnOnce()) -> bool {
        let refused = self.start_refusal(&error);
        if refused {
            self.end_refusal(error, release);
        }
        refused
    }

    /// The first half of [`Core::refuse`], in which no code of the user's runs.
    pub(crate) fn start_refusal(&self, error: &TaskError) -> bool {
        // Relaxed, here and below: the lock orders this with all but `begin`, and of these two only one succeeds.
        if !self.is_pending() {
            return false;
        }
        let mut shared = self.shared.lock();
        let claimed = self.progress.compare_exchange(PENDING, FINISHING, Ordering::Relaxed, Ordering::Relaxed);
        if claimed.is_err() {
            return false;
        }
        shared.stage = Stage::Finishing { end: End::of_error(error), shown: State::Pending };
        true
    }

    /// The other half, for whoever has started it.
    pub(crate) fn end_refusal(&self, mut error: TaskError, release: impl FnOnce()) {
        error.place(self.submitted_at);
        // Destructors of closures are user code.
        contained(release);
        self.publish(self.shared.lock(), Err(error), || ());
    }

    /// Whether the job has neither started nor ended.
    pub(crate) fn is_pending(&self) -> bool {
        // Relaxed: only a hint to those who do not exclude a change by other means.
        self.progress.load(Ordering::Relaxed) == PENDING
    }

    /// `Finishing` to `Done`: runs the callbacks, stores the result, tells all.
    fn publish<'a>(
        &'a self,
        mut shared: MutexGuard<'a, Shared<T>>,
        result: Result<T, TaskError>,
        before_publishing: impl FnOnce(),
    ) {
        loop {
            let callbacks = shared.told.as_mut().map(|told| std::mem::take(&mut told.callbacks)).unwrap_or_default();
            if callbacks.is_empty() {
                break;
            }
            shared.observed = true;
            drop(shared);
            for callback in callbacks {
                call(callback, result.as_ref());
            }
            shared = self.shared.lock();
        }
        let (stage, progress) = if shared.detached {
            // Nobody can take it any more. Its destructor is user code; it may even wait for another job, so the
            // worker is not said to be free before it has run.
            let observed = shared.observed;
            drop(shared);
            let end = End::of(&result);
            if !observed {
                self.report(&result);
            }
            contained(|| drop(result));
            shared = self.shared.lock();
            (Stage::Taken(end), TAKEN)
        } else {
            (Stage::Done(result), DONE)
        };
        shared.stage = stage;
        before_publishing();
        let told = shared.told.take();
        let wakes = shared.sleeping > 0;
        // Release: who sees the end without the lock sees what was done before it, as the seat that was given back.
        self.progress.store(progress, Ordering::Release);
        drop(shared);
        if wakes {
            self.done.notify_all();
        }
        let Some(Told { watchers, waker, .. }) = told.map(|told| *told) else { return };
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
            Stage::Open | Stage::Finishing { .. } => shared.told().callbacks.push(callback),
            Stage::Taken(_) => {
                drop(shared);
                call(callback, Err(&TaskError::AlreadyTaken));
            }
            Stage::Done(Err(error)) => {
                let error = error.clone();
                shared.observed = true;
                drop(shared);
                call(callback, Err(&error));
            }
            Stage::Done(Ok(_)) => {
                let finishing = Stage::Finishing { end: End::Value, shown: State::Finished };
                let Stage::Done(value) = std::mem::replace(&mut shared.stage, finishing) else {
                    unreachable!("the stage was matched under this lock");
                };
                shared.told().callbacks.push(callback);
                self.publish(shared, value, || ());
            }
        }
    }

    /// Waits until the job is done; false if `deadline` came first.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> bool {
        self.is_done() || self.wait_locked(deadline).is_some()
    }

    fn is_done(&self) -> bool {
        // Acquire: pairs with the release in `publish`.
        self.progress.load(Ordering::Acquire) >= DONE
    }

    /// Waits until the job is done, and looks at its error.
    pub(crate) fn error(&self, deadline: Option<Instant>) -> Result<Option<TaskError>, WaitTimeout> {
        let mut shared = self.wait_locked(deadline).ok_or(WaitTimeout::new(1, 1))?;
        let error = match &shared.stage {
            Stage::Done(Err(error)) => Some(error.clone()),
            _ => None,
        };
        shared.observed |= error.is_some();
        Ok(error)
    }

    fn wait_locked(&self, deadline: Option<Instant>) -> Option<MutexGuard<'_, Shared<T>>> {
        // Most jobs are shorter than it takes to be woken.
        if deadline.is_none() {
            snooze(|| self.is_done());
        }
        let mut shared = self.shared.lock();
        while shared.stage.end().is_none() {
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return None;
            }
            shared.sleeping += 1;
            shared = self.done.wait(shared, deadline);
            shared.sleeping -= 1;
        }
        Some(shared)
    }

    /// The result if it is there: takes the value, or copies the error.
    pub(crate) fn take(&self) -> Option<Result<T, TaskError>> {
        self.take_locked(&mut self.shared.lock())
    }

    fn take_locked(&self, shared: &mut Shared<T>) -> Option<Result<T, TaskError>> {
        match &shared.stage {
            Stage::Open | Stage::Finishing { .. } => None,
            Stage::Taken(_) => Some(Err(TaskError::AlreadyTaken)),
            Stage::Done(Err(error)) => {
                let error = error.clone();
                shared.observed = true;
                Some(Err(error))
            }
            Stage::Done(Ok(_)) => match std::mem::replace(&mut shared.stage, Stage::Taken(End::Value)) {
                Stage::Done(value) => {
                    // Release: see `detach`.
                    self.progress.store(TAKEN, Ordering::Release);
                    Some(value)
                }
                _ => unreachable!("the stage was matched under this lock"),
            },
        }
    }

    /// Takes the result, or leaves `waker` to be woken when there is one.
    pub(crate) fn poll(&self, waker: &Waker) -> Option<Result<T, TaskError>> {
        // A waker is user code, also when it is cloned and dropped.
        let waker = waker.clone();
        let mut shared = self.shared.lock();
        let result = self.take_locked(&mut shared);
        let old = if result.is_none() { shared.told().waker.replace(waker) } else { None };
        drop(shared);
        drop(old);
        result
    }

    /// The future is gone: drops the result, now or when it comes.
    pub(crate) fn detach(&self) {
        // Acquire: what comes next may free the job, after all that was done to it.
        if self.progress.load(Ordering::Acquire) == TAKEN {
            return;
        }
        let mut shared = self.shared.lock();
        shared.detached = true;
        let unclaimed = match &shared.stage {
            Stage::Done(result) => {
                let taken = Stage::Taken(End::of(result));
                // Release: as in `take_locked`.
                self.progress.store(TAKEN, Ordering::Release);
                Some(std::mem::replace(&mut shared.stage, taken))
            }
            _ => None,
        };
        let observed = shared.observed;
        let waker = shared.told.as_mut().and_then(|told| told.waker.take());
        drop(shared);
        if let Some(Stage::Done(result)) = &unclaimed
            && !observed
        {
            self.report(result);
        }
        drop((unclaimed, waker));
    }

    /// Nobody will look at the error, and nobody needs to.
    pub(crate) fn disown(&self) {
        self.shared.lock().observed = true;
    }

    fn report(&self, result: &Result<T, TaskError>) {
        if let Err(error) = result {
            unobserved::report(self.id, self.submitted_at, error);
        }
    }

    /// Has `watcher` told when the job is done; false if it is done already.
    pub(crate) fn watch(&self, watcher: &Arc<dyn Watcher>, token: usize) -> bool {
        let mut shared = self.shared.lock();
        let open = shared.stage.end().is_none();
        if open {
            shared.told().watchers.push((Arc::clone(watcher), token));
        }
        open
    }

    /// Takes back every [`Core::watch`] of `watcher`.
    pub(crate) fn unwatch(&self, watcher: &Arc<dyn Watcher>) {
        if let Some(told) = &mut self.shared.lock().told {
            told.watchers.retain(|(known, _)| !Arc::ptr_eq(known, watcher));
        }
    }
}

/// What a job shows that has not ended, by its progress.
fn open_state(progress: u32) -> State {
    if progress == PENDING { State::Pending } else { State::Running }
}

impl<T> Status for Core<T> {
    fn id(&self) -> TaskId {
        self.id
    }

    fn state(&self) -> State {
        // Acquire: pairs with the release in `publish`.
        match self.progress.load(Ordering::Acquire) {
            open @ (PENDING | RUNNING) => open_state(open),
            _ => self.shared.lock().stage.state().expect("it has begun to end, which cannot be taken back"),
        }
    }

    fn is_refused(&self) -> bool {
        // Relaxed: a caller that could not refuse the job because of another one sees what it saw then, or more.
        if self.progress.load(Ordering::Relaxed) < FINISHING {
            return false;
        }
        let shared = self.shared.lock();
        let end = match &shared.stage {
            Stage::Finishing { end, .. } => Some(*end),
            stage => stage.end(),
        };
        end.is_some_and(|end| end.state() == State::Cancelled)
    }

    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One look for both. The formatter may be anybody's, so the lock is let go of first.
        let shared = self.shared.lock();
        // Relaxed: under the lock only `begin` can change it.
        let open = open_state(self.progress.load(Ordering::Relaxed));
        let (state, end) = (shared.stage.state().unwrap_or(open), shared.stage.end());
        drop(shared);
        write!(f, "{} ", self.id)?;
        match end {
            None => f.write_str(if state == State::Pending { "pending" } else { "running" }),
            Some(end) => end.describe::<T>(f),
        }
    }
}

fn call<T>(callback: Callback<T>, result: Result<&T, &TaskError>) {
    contained(|| callback(result));
}

/// Calls user code that has no business with whoever runs it. The panic hook reports a panic, and that is all:
/// whatever ends jobs must not be unwound half way.
pub(crate) fn contained(user_code: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(user_code)) {
        drop_payload(payload);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{ReturnWhen, TaskFuture, as_completed, promise, wait};

    /// How often the job's end will be told, in all.
    fn watchers<T>(future: &TaskFuture<T>) -> usize {
        future.source().core().shared.lock().told.as_ref().map_or(0, |told| told.watchers.len())
    }

    #[test]
    fn a_wait_that_is_over_watches_nothing_any_more() {
        let (_promise, pending) = promise::<u32>();
        let (kept, done) = promise();
        kept.complete(1).expect("not cancelled");
        for _ in 0..3 {
            // It runs out of time, or returns before all are done.
            wait([&pending], Some(Duration::ZERO), ReturnWhen::AllCompleted);
            wait([&pending, &done], None, ReturnWhen::FirstCompleted);
            wait([(1, &pending), (2, &pending)], Some(Duration::ZERO), ReturnWhen::AllCompleted);
            assert_eq!(watchers(&pending), 0);
        }
    }

    #[test]
    fn an_as_completed_that_is_gone_watches_nothing_any_more() {
        let (_promise, pending) = promise::<u32>();
        for _ in 0..3 {
            let all = as_completed([&pending]);
            assert_eq!(watchers(&pending), 1);
            drop(all);
            assert_eq!(watchers(&pending), 0);
            let mut limited = as_completed([(1, &pending), (2, &pending)]).timeout(Duration::ZERO);
            assert!(matches!(limited.next(), Some(Err(_))));
            drop(limited);
            drop(as_completed([&pending]).stream());
            assert_eq!(watchers(&pending), 0);
        }
    }
}
