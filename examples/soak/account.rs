//! Who was submitted, and what came of it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use executor_runtime::TaskError;

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

/// Whether a task of this kind can end so. Any worker can be killed, any task cancelled, and any pool aborted.
fn can_end(kind: Kind, end: End) -> bool {
    match end {
        End::WorkerDied | End::Cancelled | End::PoolShutDown => true,
        End::Value => !matches!(kind, Kind::Panics | Kind::Aborts | Kind::Exits | Kind::TimesOut | Kind::Killed),
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
    /// What is wrong, the first of it in words.
    complaints: Vec<String>,
}

impl Account {
    pub(crate) fn submit(&self, kind: Kind) {
        *self.lock().submitted.entry(kind).or_default() += 1;
    }

    /// A task has ended: `is_right` says it of its value.
    pub(crate) fn end<T>(&self, kind: Kind, result: Result<&T, &TaskError>, is_right: impl FnOnce(&T) -> bool) {
        let end = match result {
            Ok(value) if is_right(value) => End::Value,
            Ok(_) => End::Wrong,
            Err(error) => End::of(error),
        };
        let mut inner = self.lock();
        *inner.ended.entry((kind, end)).or_default() += 1;
        if !can_end(kind, end) && inner.complaints.len() < 20 {
            let what = result.err().map_or_else(String::new, |error| format!(": {error}"));
            inner.complaints.push(format!("a task of the kind {kind:?} has ended as {end:?}{what}"));
        }
    }

    /// Whether every task that was submitted has ended, once, in a way in which it can.
    pub(crate) fn check(&self) -> Result<(), String> {
        let inner = self.lock();
        let mut complaints = inner.complaints.clone();
        for (kind, submitted) in &inner.submitted {
            let ended: u64 = End::ALL.iter().filter_map(|end| inner.ended.get(&(*kind, *end))).sum();
            if ended != *submitted {
                complaints
                    .push(format!("{submitted} tasks of the kind {kind:?} were submitted, and {ended} have ended"));
            }
        }
        if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n")) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.lock();
        write!(f, "{:<10}{:>12}", "", "submitted")?;
        for end in End::ALL {
            write!(f, "{:>13}", format!("{end:?}"))?;
        }
        for (kind, submitted) in &inner.submitted {
            write!(f, "\n{:<10}{submitted:>12}", format!("{kind:?}"))?;
            for end in End::ALL {
                write!(f, "{:>13}", inner.ended.get(&(*kind, end)).copied().unwrap_or_default())?;
            }
        }
        let (submitted, ended): (u64, u64) = (inner.submitted.values().sum(), inner.ended.values().sum());
        write!(f, "\n{submitted} submitted, {ended} ended")
    }
}
