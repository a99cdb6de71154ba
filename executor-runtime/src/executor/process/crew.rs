//! The workers of a pool, for those who are not their lanes: who end them, or have a job for one.

use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::station::Station;
use crate::sync::{AtomicUsize, Mutex, Ordering};
use crate::sys::process::Process;
use crate::task::RemoteJob;

/// So many workers may die within this time.
#[derive(Clone, Copy, Debug)]
pub(super) struct RestartLimit {
    pub(super) deaths: usize,
    pub(super) window: Duration,
}

/// See the module.
pub(super) struct Crew {
    inner: Mutex<CrewInner>,
    /// How many workers can run at once.
    processors: usize,
    /// Leaders that have an answer and have not told it yet. The pool has not ended before they have.
    telling: AtomicUsize,
}

#[derive(Default)]
struct CrewInner {
    processes: Vec<Weak<Process>>,
    stations: Vec<Weak<Station>>,
    /// Those that have nothing to do, the last used last. Some of them may have got something meanwhile.
    idle: Vec<Arc<Station>>,
    /// How many stations there are. Those that are not idle are busy, or their lanes on the way to look.
    open: usize,
    /// The one that a submitter has given a job last.
    recent: Weak<Station>,
    /// No job is taken any more, but from the queue.
    closed: bool,
    /// When workers have died, the last ones.
    deaths: VecDeque<Instant>,
    /// The pool was aborted: a death is no accident, and nobody is replaced.
    stopped: bool,
}

impl Crew {
    pub(super) fn new() -> Self {
        // A model has one, so that two workers are more than that.
        let processors = if cfg!(shuttle) { 1 } else { thread::available_parallelism().map_or(1, NonZero::get) };
        Self { inner: Mutex::default(), processors, telling: AtomicUsize::new(0) }
    }

    /// How many workers can run at once.
    pub(super) fn processors(&self) -> usize {
        self.processors
    }

    /// Adds a worker; one that comes after the stop is killed at once.
    pub(super) fn add(&self, process: &Arc<Process>) {
        let mut inner = self.inner.lock();
        inner.processes.retain(|process| process.strong_count() > 0);
        inner.processes.push(Arc::downgrade(process));
        if inner.stopped {
            process.kill();
        }
    }

    /// Adds the station of a worker that can take tasks.
    pub(super) fn open(&self, station: &Arc<Station>) {
        let mut inner = self.inner.lock();
        inner.stations.retain(|station| station.strong_count() > 0);
        inner.stations.push(Arc::downgrade(station));
        inner.open += 1;
    }

    /// Takes a station off the list whose worker is no more.
    pub(super) fn remove(&self, gone: &Arc<Station>) {
        let mut inner = self.inner.lock();
        inner.idle.retain(|station| !Arc::ptr_eq(station, gone));
        inner.open -= 1;
    }

    /// Puts a station on the list of the idle; false if no more jobs come from there.
    pub(super) fn rest(&self, station: Arc<Station>) -> bool {
        let mut inner = self.inner.lock();
        if inner.closed {
            return false;
        }
        if !inner.idle.iter().any(|other| Arc::ptr_eq(other, &station)) {
            inner.idle.push(station);
        }
        true
    }

    /// Gives a job to a worker that is busy if all processors are and that is as good, or to the idle one that was used
    /// last. Back, if there is none.
    pub(super) fn give(&self, mut job: RemoteJob) -> Result<(), RemoteJob> {
        if !job.is_chunk()
            && let Some(busy) = self.recent_of_many()
        {
            match busy.submit_behind(job) {
                Ok(()) => return Ok(()),
                Err(returned) => job = returned,
            }
            if busy.is_quick() {
                return Err(job);
            }
        }
        loop {
            let mut inner = self.inner.lock();
            let Some(station) = inner.idle.pop_if(|station| station.takes_ahead()) else { return Err(job) };
            inner.recent = Arc::downgrade(&station);
            drop(inner);
            match station.submit(job) {
                Ok(()) => return Ok(()),
                Err(returned) => job = returned,
            }
        }
    }

    /// The worker that was given a job last, if there are as many busy ones as processors, and idle ones as well.
    fn recent_of_many(&self) -> Option<Arc<Station>> {
        let inner = self.inner.lock();
        let idle = inner.idle.len();
        (idle > 0 && inner.open - idle >= self.processors).then(|| inner.recent.upgrade()).flatten()
    }

    /// Has somebody look at the queue where a job is now: a worker that will do so soon, or the lane of an idle one.
    pub(super) fn call_for_one(&self) {
        if !self.recent_of_many().is_some_and(|busy| busy.is_quick()) {
            self.call();
        }
    }

    /// Has the lane of an idle worker look at the queue; false if there is none.
    pub(super) fn call(&self) -> bool {
        let idle = self.inner.lock().idle.pop();
        idle.is_some_and(|station| {
            station.bell().poke();
            true
        })
    }

    /// A leader has an answer, which is on no list any more.
    pub(super) fn begin_to_tell(&self) {
        self.telling.fetch_add(1, Ordering::SeqCst);
    }

    /// It is told. Wakes the lanes if they wait for that.
    pub(super) fn end_to_tell(&self) {
        // SeqCst, with the lock: either this sees that the pool is closed, or the lane that is woken by the close sees
        // that nobody tells any more.
        self.telling.fetch_sub(1, Ordering::SeqCst);
        if self.inner.lock().closed {
            self.each_station(|station| station.bell().poke());
        }
    }

    /// Whether a leader has an answer that is not told.
    pub(super) fn is_telling(&self) -> bool {
        self.telling.load(Ordering::SeqCst) > 0
    }

    /// From now on jobs come from the queue only. Wakes all lanes, so that they look whether any will.
    pub(super) fn close(&self) {
        let mut inner = self.inner.lock();
        inner.closed = true;
        let idle = std::mem::take(&mut inner.idle);
        drop(inner);
        drop(idle);
        self.each_station(|station| station.bell().poke());
    }

    pub(super) fn each_station(&self, act: impl Fn(&Station)) {
        let stations: Vec<_> = self.inner.lock().stations.iter().filter_map(Weak::upgrade).collect();
        for station in stations {
            act(&station);
        }
    }

    /// A worker has died. Whether more of them have than the limit allows.
    pub(super) fn note_death(&self, limit: RestartLimit) -> bool {
        let mut inner = self.inner.lock();
        let now = Instant::now();
        inner.deaths.retain(|then| now.duration_since(*then) <= limit.window);
        inner.deaths.push_back(now);
        inner.deaths.len() > limit.deaths
    }

    pub(super) fn stop(&self) {
        self.inner.lock().stopped = true;
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.inner.lock().stopped
    }

    pub(super) fn each(&self, act: impl Fn(&Process)) {
        let processes: Vec<_> = self.inner.lock().processes.iter().filter_map(Weak::upgrade).collect();
        for process in processes {
            act(&process);
        }
    }
}

// The child is this program once more, which becomes a worker before it runs any test.
#[cfg(all(test, feature = "auto-start"))]
mod tests {
    use super::*;
    use crate::error::WorkerExit;
    use crate::sys::environment::Environment;
    use crate::sys::process::Silenced;

    #[test]
    fn a_worker_that_comes_after_the_stop_is_killed() {
        let crew = Crew::new();
        crew.stop();
        let (late, _control) = Process::spawn(&Environment::default(), Silenced::default()).expect("a worker");
        let late = Arc::new(late);
        crew.add(&late);
        assert!(late.wait_ended(Some(Duration::from_mins(1))), "it waits for its parent");
        assert_eq!(late.reap(), WorkerExit::Signal(9));
    }
}
