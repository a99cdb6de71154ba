//! When a worker is replaced by a new one, though it is well.

use std::time::{Duration, Instant};

use crate::sys::limits::resident_len_bytes;

/// How much each worker of a pool may do and become.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Recycling {
    pub(crate) max_tasks: Option<usize>,
    /// Of memory that is resident, in bytes, when it has nothing to do.
    pub(crate) max_memory: Option<u64>,
}

/// How far a worker has got with that.
#[derive(Debug)]
pub(super) struct Wear {
    recycling: Recycling,
    pid: u32,
    tasks_done: usize,
    /// It has run something since it was weighed.
    is_due: bool,
    weighed_at: Option<Instant>,
    is_too_large: bool,
}

impl Wear {
    /// To ask the system takes some ten microseconds.
    const WEIGHED_EVERY: Duration = Duration::from_millis(10);

    pub(super) fn new(recycling: Recycling, pid: u32) -> Self {
        Self { recycling, pid, tasks_done: 0, is_due: false, weighed_at: None, is_too_large: false }
    }

    /// Whether it has to be replaced before its next task.
    pub(super) fn is_spent(&self) -> bool {
        self.is_spent_after(0)
    }

    /// Whether it will have to be, when it has run so many calls more.
    pub(super) fn is_spent_after(&self, calls: usize) -> bool {
        self.is_too_large || self.recycling.max_tasks.is_some_and(|max| self.tasks_done + calls >= max)
    }

    /// Notes that so many calls were answered.
    pub(super) fn note(&mut self, calls: usize) {
        self.tasks_done += calls;
        self.is_due = self.recycling.max_memory.is_some();
        self.weigh();
    }

    /// Nothing that was run so far counts as a task: each worker runs one at least, however large it has become before.
    pub(super) fn begin(&mut self) {
        (self.tasks_done, self.is_due, self.is_too_large) = (0, false, false);
    }

    /// When it is to be weighed, if it runs nothing until then.
    pub(super) fn weighs_at(&self) -> Option<Instant> {
        if !self.is_due {
            return None;
        }
        Some(self.weighed_at.map_or_else(Instant::now, |then| then + Self::WEIGHED_EVERY))
    }

    /// Looks how large it is, if it is time for that.
    pub(super) fn weigh(&mut self) {
        if !self.is_due {
            return;
        }
        let now = Instant::now();
        if self.weighed_at.is_some_and(|then| now < then + Self::WEIGHED_EVERY) {
            return;
        }
        (self.is_due, self.weighed_at) = (false, Some(now));
        // The death of one that has no size is noticed elsewhere.
        let resident = resident_len_bytes(self.pid).unwrap_or_default();
        self.is_too_large = self.recycling.max_memory.is_some_and(|max| resident > max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_has_grown_since_it_was_weighed_is_weighed_again_though_it_runs_nothing() {
        let recycling = Recycling { max_memory: Some(u64::MAX), max_tasks: None };
        let mut wear = Wear::new(recycling, std::process::id());
        wear.note(1);
        assert!(!wear.is_spent() && wear.weighs_at().is_none());
        // It has grown, and that was a moment ago, however long this takes.
        wear.recycling.max_memory = Some(0);
        wear.weighed_at = Some(Instant::now() + Duration::from_secs(100));
        wear.note(1);
        assert!(!wear.is_spent());
        let soon = wear.weighs_at().expect("it is due");
        assert!(soon > Instant::now());
        wear.weighed_at = soon.checked_sub(Wear::WEIGHED_EVERY + Duration::from_secs(200));
        wear.weigh();
        assert!(wear.is_spent() && wear.weighs_at().is_none());
    }

    #[test]
    fn tasks_count_from_the_first_that_is_none_of_the_pools_own() {
        let recycling = Recycling { max_tasks: Some(3), max_memory: None };
        let mut wear = Wear::new(recycling, std::process::id());
        wear.note(5);
        wear.begin();
        assert!(!wear.is_spent() && !wear.is_spent_after(2) && wear.is_spent_after(3));
        wear.note(3);
        assert!(wear.is_spent());
        assert_eq!((wear.weighs_at(), wear.weighed_at), (None, None));
    }
}
