//! Waiting for several futures at once.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sealed::Sealed as _;

use super::done_list::{DoneList, Watcher};
use super::{State, TaskFuture, TaskId};

/// When [`wait`] returns (Python: the `return_when` constants).
///
/// # Examples
///
/// ```
/// use executor_runtime::prelude::*;
/// use executor_runtime::promise;
///
/// let (failing, failed) = promise::<u32>();
/// let (_promise, pending) = promise::<u32>();
/// drop(failing);
/// let waited = wait([failed, pending], None, ReturnWhen::FirstFailure);
/// assert_eq!((waited.done.len(), waited.not_done.len()), (1, 1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnWhen {
    /// As soon as any future is done, a cancelled one included (Python: `FIRST_COMPLETED`).
    FirstCompleted,
    /// As soon as any future has failed, or when all are done (Python: `FIRST_EXCEPTION`). A cancelled one does not
    /// count as failed, nor does a value that is an `Err`.
    FirstFailure,
    /// When all futures are done (Python: `ALL_COMPLETED`).
    AllCompleted,
}

impl ReturnWhen {
    /// Whether a job that has ended in this way is enough.
    fn is_met_by(self, state: State) -> bool {
        match self {
            Self::FirstCompleted => true,
            Self::FirstFailure => state == State::Failed,
            Self::AllCompleted => false,
        }
    }
}

/// What [`wait`] found, both in the order of the input (Python: `DoneAndNotDoneFutures`).
#[derive(Debug)]
pub struct Waited<F> {
    /// Those that are done.
    pub done: Vec<F>,
    /// Those that are not.
    pub not_done: Vec<F>,
}

/// A future, or a pair of anything and a future: what [`wait`] and [`as_completed`](super::as_completed) take.
/// (Python: `fs`; the pair is its idiom of a `dict` from futures to keys.)
///
/// It is there for [`TaskFuture`], for references to it, and for pairs of a key and one of these.
pub trait Waitable: sealed::Sealed {}

impl<F: sealed::Sealed> Waitable for F {}

pub(crate) mod sealed {
    use super::{Arc, State, TaskFuture, TaskId, Watcher};

    pub trait Sealed {
        /// The future this stands for and nothing else: two of one identity are one and the same.
        #[doc(hidden)]
        fn identity(&self) -> Option<TaskId>;
        #[doc(hidden)]
        fn state(&self) -> State;
        #[doc(hidden)]
        fn help(&self);
        #[doc(hidden)]
        fn watch(&self, watcher: &Watch, token: usize) -> bool;
        #[doc(hidden)]
        fn unwatch(&self, watcher: &Watch);
    }

    /// Hides the watcher's type from the public trait.
    #[derive(Clone)]
    pub struct Watch(pub(in crate::future) Arc<dyn Watcher>);

    impl<T> Sealed for TaskFuture<T> {
        fn identity(&self) -> Option<TaskId> {
            Some(self.id())
        }
        fn state(&self) -> State {
            TaskFuture::state(self)
        }
        fn help(&self) {
            self.source().help();
        }
        fn watch(&self, watcher: &Watch, token: usize) -> bool {
            self.source().core().watch(&watcher.0, token)
        }
        fn unwatch(&self, watcher: &Watch) {
            self.source().core().unwatch(&watcher.0);
        }
    }

    impl<F: Sealed> Sealed for &F {
        fn identity(&self) -> Option<TaskId> {
            F::identity(self)
        }
        fn state(&self) -> State {
            F::state(self)
        }
        fn help(&self) {
            F::help(self);
        }
        fn watch(&self, watcher: &Watch, token: usize) -> bool {
            F::watch(self, watcher, token)
        }
        fn unwatch(&self, watcher: &Watch) {
            F::unwatch(self, watcher);
        }
    }

    impl<K, F: Sealed> Sealed for (K, F) {
        /// A pair is more than its future: the key would be lost.
        fn identity(&self) -> Option<TaskId> {
            None
        }
        fn state(&self) -> State {
            self.1.state()
        }
        fn help(&self) {
            self.1.help();
        }
        fn watch(&self, watcher: &Watch, token: usize) -> bool {
            self.1.watch(watcher, token)
        }
        fn unwatch(&self, watcher: &Watch) {
            self.1.unwatch(watcher);
        }
    }
}

/// Tells one list about many futures, and takes that back when dropped.
pub(super) struct Watching {
    pub(super) list: Arc<DoneList>,
    watch: sealed::Watch,
}

impl Watching {
    pub(super) fn new() -> Self {
        let list = Arc::new(DoneList::default());
        let watch = sealed::Watch(Arc::<DoneList>::clone(&list));
        Self { list, watch }
    }

    /// Watches one more future; one that is done already is told about at once.
    pub(super) fn add(&self, future: &impl Waitable, token: usize) {
        if !future.watch(&self.watch, token) {
            self.list.job_done(token);
        }
    }

    pub(super) fn remove(&self, future: &impl Waitable) {
        future.unwatch(&self.watch);
    }
}

/// Waits for several futures (Python: `concurrent.futures.wait`).
///
/// Takes futures, references to futures, or `(key, future)` pairs, from any mix of executors, and returns
/// what it was given in two lists. A time-out is no error: what is not done is in `not_done`. A future that is
/// given twice, by reference, is one and keeps its first place; `(key, future)` pairs are never merged.
/// A `timeout` of `None` is no limit, one of zero only looks.
///
/// Failures stay in their futures: this has not looked at them.
///
/// # Cancellation
///
/// Neither a time-out nor an early return cancels anything. A future that is cancelled, by whomever, is done.
///
/// # Examples
///
/// ```
/// use executor_runtime::prelude::*;
///
/// let pool = ThreadPoolExecutor::new(2)?;
/// let futures: Vec<_> = (0..4).map(|n| pool.submit(move || n)).collect();
/// let waited = wait(&futures, None, ReturnWhen::AllCompleted);
/// assert_eq!(waited.done.len(), 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn wait<I>(futures: I, timeout: Option<Duration>, return_when: ReturnWhen) -> Waited<I::Item>
where
    I: IntoIterator,
    I::Item: Waitable,
{
    let deadline = timeout.and_then(|limit| Instant::now().checked_add(limit));
    let mut known = HashSet::new();
    let is_new = |future: &I::Item| future.identity().is_none_or(|id| known.insert(id));
    let futures: Vec<I::Item> = futures.into_iter().filter(is_new).collect();
    let watching = Watching::new();
    for (token, future) in futures.iter().enumerate() {
        watching.add(future, token);
    }
    let mut waiting = futures.len();
    // Helping could outlast a limit, so only a wait without one helps.
    let mut to_help = if deadline.is_none() { futures.as_slice() } else { &[] };
    let now = Some(Instant::now());
    while waiting > 0 {
        // What is done already is told first. Helping one future may be all the caller wanted, so that is done
        // one by one, before sleeping.
        let until = if to_help.is_empty() { deadline } else { now };
        if let Some(token) = watching.list.next(until) {
            waiting -= 1;
            if return_when.is_met_by(futures[token].state()) {
                break;
            }
        } else if let Some((future, rest)) = to_help.split_first() {
            future.help();
            to_help = rest;
        } else {
            break;
        }
    }
    for future in &futures {
        watching.remove(future);
    }
    let (done, not_done) = futures.into_iter().partition(|future| future.state().is_done());
    Waited { done, not_done }
}
