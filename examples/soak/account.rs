//! Who was submitted, and what came of it, and why.
//!
//! 1. A task ends once, with its own value or with an error that its kind can have: see `can_end`.
//! 2. It is cancelled or refused only if that was done to it or to its pool: see [`Causes`].
//! 3. A worker that dies costs one task, the one that ran there or was about to: of a chunk that is one call, since
//!    those before it have their answers and those after it go on. What waits behind it loses nothing. So a task that
//!    does not die by itself has lost a worker that was killed from outside, and each kill explains one such task at
//!    most. This is checked by pid: a worker that another task has taken with it, or that the pool has killed for
//!    another one, explains none. A pid explains as many as it was killed, since the system gives it out again; that is
//!    one too many if the same worker was hit twice, and never one too few.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use executor_runtime::TaskError;

use crate::causes::Causes;

/// A kind of task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Quick,
    Bytes,
    Long,
    Again,
    Panics,
    Aborts,
    Exits,
    TimesOut,
    Killed,
    Leaves,
    InChunk,
    DiesInChunk,
}

/// How a task has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    Value,
    Panicked,
    WorkerDied,
    TimedOut,
    Cancelled,
    PoolShutDown,
    /// A value that is not the task's.
    Wrong,
    /// An error that nobody has provoked.
    Other,
}

impl End {
    const ALL: [Self; 8] = [
        Self::Value,
        Self::Panicked,
        Self::WorkerDied,
        Self::TimedOut,
        Self::Cancelled,
        Self::PoolShutDown,
        Self::Wrong,
        Self::Other,
    ];

    fn of(error: &TaskError) -> Self {
        match error {
            TaskError::Panicked(_) => Self::Panicked,
            TaskError::WorkerDied(_) => Self::WorkerDied,
            TaskError::TimedOut { .. } => Self::TimedOut,
            TaskError::Cancelled => Self::Cancelled,
            TaskError::PoolShutDown => Self::PoolShutDown,
            _ => Self::Other,
        }
    }
}

/// Whether a task of this kind takes its worker with it.
fn dies(kind: Kind) -> bool {
    matches!(kind, Kind::Aborts | Kind::Exits | Kind::DiesInChunk)
}

/// Whether a task of this kind, to which that was done, can end so. Which worker has died is looked at in the end.
fn can_end(kind: Kind, end: End, causes: Causes) -> bool {
    match end {
        End::WorkerDied => true,
        End::Cancelled => causes.may_be_cancelled,
        End::PoolShutDown => causes.may_be_shut_down,
        End::Value => !dies(kind) && !matches!(kind, Kind::Panics | Kind::TimesOut | Kind::Killed),
        End::Panicked => kind == Kind::Panics,
        End::TimedOut => kind == Kind::TimesOut,
        End::Wrong | End::Other => false,
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Account {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    submitted: BTreeMap<Kind, u64>,
    ended: BTreeMap<(Kind, End), u64>,
    /// Tasks that do not die by themselves and whose worker has died, by its pid: see rule 3.
    lost: BTreeMap<u32, Vec<Kind>>,
    complaints: Complaints,
}

/// What is wrong: how often, and the first time in more words.
#[derive(Clone, Debug, Default)]
struct Complaints(BTreeMap<String, (u64, String)>);

impl Complaints {
    fn add(&mut self, what: String, first: impl FnOnce() -> String) {
        self.0.entry(what).or_insert_with(|| (0, first())).0 += 1;
    }
}

impl Account {
    pub(crate) fn submit(&self, kind: Kind) {
        *self.lock().submitted.entry(kind).or_default() += 1;
    }

    /// A task has ended: `is_right` says it of its value.
    pub(crate) fn end<T>(
        &self,
        kind: Kind,
        causes: Causes,
        result: Result<&T, &TaskError>,
        is_right: impl FnOnce(&T) -> bool,
    ) {
        let end = match result {
            Ok(value) if is_right(value) => End::Value,
            Ok(_) => End::Wrong,
            Err(error) => End::of(error),
        };
        let mut inner = self.lock();
        *inner.ended.entry((kind, end)).or_default() += 1;
        if !can_end(kind, end, causes) {
            let what = format!("a task of the kind {kind:?} has ended as {end:?}, for which there was no cause");
            inner
                .complaints
                .add(what, || result.err().map_or_else(|| "with this value".to_owned(), ToString::to_string));
        }
        if let Err(TaskError::WorkerDied(death)) = result
            && !dies(kind)
        {
            inner.lost.entry(death.pid).or_default().push(kind);
        }
    }

    /// A map of so many items has ended, and not since its pool takes no more calls.
    pub(crate) fn end_map(&self, items: u64, results: u64) {
        if results != items {
            let what = "a map has not given one result for each item".to_owned();
            self.lock().complaints.add(what, || format!("{results} for {items} items"));
        }
    }

    /// Whether every task that was submitted has ended, once, in a way in which it can, while so many workers, by their
    /// pids, were `killed` from outside.
    pub(crate) fn check(&self, killed: &BTreeMap<u32, usize>) -> Result<(), String> {
        let inner = self.lock();
        let mut complaints = inner.complaints.clone();
        for (pid, kinds) in &inner.lost {
            let kills = killed.get(pid).copied().unwrap_or_default();
            if kinds.len() > kills {
                let what = "a worker has cost more tasks than it was killed from outside".to_owned();
                complaints.add(what, || format!("worker {pid}, killed {kills} times, has cost {kinds:?}"));
            }
        }
        for (kind, submitted) in &inner.submitted {
            let ended: u64 = End::ALL.iter().filter_map(|end| inner.ended.get(&(*kind, *end))).sum();
            if ended != *submitted {
                let what = format!("not every task of the kind {kind:?} has ended once");
                complaints.add(what, || format!("{submitted} were submitted, and {ended} have ended"));
            }
        }
        if complaints.0.is_empty() { Ok(()) } else { Err(complaints.to_string()) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Complaints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (what, (times, first)) in &self.0 {
            let of_more = if *times > 1 { format!("the first of {times}: ") } else { String::new() };
            write!(f, "{separator}{what} ({of_more}{first})")?;
            separator = "\n";
        }
        Ok(())
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.lock();
        write!(f, "{:<12}{:>12}", "", "submitted")?;
        for end in End::ALL {
            write!(f, "{:>13}", format!("{end:?}"))?;
        }
        for (kind, submitted) in &inner.submitted {
            write!(f, "\n{:<12}{submitted:>12}", format!("{kind:?}"))?;
            for end in End::ALL {
                write!(f, "{:>13}", inner.ended.get(&(*kind, end)).copied().unwrap_or_default())?;
            }
        }
        let (submitted, ended): (u64, u64) = (inner.submitted.values().sum(), inner.ended.values().sum());
        write!(f, "\n{submitted} submitted, {ended} ended")
    }
}
