//! A lane of a process pool: it owns one worker process at a time.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::crew::{Crew, RestartLimit};
use super::station::{At, Station};
use crate::error::{PoolError, TaskError, WorkerExit};
use crate::pool::{FreeLane, Pool, Pooled, Unready, Worked};
use crate::sync::MutexGuard;
use crate::sync::spin::Spin;
use crate::task::{Attempt, Initializer, RemoteJob, RunningJob, Seat};
use crate::wire::LinkError;
use crate::worker::host::{Fate, Left, Terms, Worker};
use crate::worker::landed::Landed;
use crate::worker::starting::{Starting, WorkerOptions, is_shortage};

/// A lane that has a worker process run its jobs.
pub(super) struct ProcessLane {
    options: LaneOptions,
    crew: Arc<Crew>,
    station: Option<Arc<Station>>,
    /// They have started with a worker that is gone, and go on with the next.
    left: Vec<RunningJob>,
    landed: Landed,
    /// Too many workers have died, this lane's the last of them.
    has_worn_out: bool,
    spin: Spin,
}

/// What all lanes of a pool are told.
#[derive(Clone)]
pub(super) struct LaneOptions {
    pub(super) worker: WorkerOptions,
    pub(super) initializer: Option<Initializer>,
    /// For tasks whose call has no limit of its own.
    pub(super) timeout: Option<Duration>,
    /// Between the request to a worker that it end and its end.
    pub(super) grace: Duration,
    pub(super) restart_limit: Option<RestartLimit>,
    /// Plays the worker.
    #[cfg(all(test, shuttle))]
    pub(super) model: fn() -> Worker,
}

impl LaneOptions {
    fn terms(&self, crew: &Crew) -> Terms {
        Terms { limit: self.timeout, grace: self.grace, is_aborted: crew.is_stopped() }
    }
}

impl ProcessLane {
    pub(super) fn new(options: LaneOptions, crew: Arc<Crew>) -> Self {
        Self {
            options,
            crew,
            station: None,
            left: Vec::new(),
            landed: Landed::default(),
            has_worn_out: false,
            spin: Spin::default(),
        }
    }

    /// Whether something has to go on with the next worker.
    fn has_lost(&self) -> bool {
        self.left.iter().any(RunningJob::is_lost)
    }

    /// There is no next worker: ends what waits for it, each that was killed meanwhile for that.
    fn fail_left(&mut self, error: &TaskError, pool: &Pool<RemoteJob>) {
        for job in self.left.drain(..) {
            let error = if job.is_lost() { error } else { &TaskError::Cancelled };
            job.fail(error, pool.seat());
        }
    }

    fn new_worker(&self, pool: &Pool<RemoteJob>) -> Result<Worker, Unready> {
        let options = &self.options;
        if let Some(RestartLimit { deaths: limit, window }) = options.restart_limit.filter(|_| self.has_worn_out) {
            return Err(Unready::Pool(Arc::new(PoolError::TooManyDeaths { limit, window })));
        }
        #[cfg(all(test, shuttle))]
        return Ok((options.model)());
        #[cfg_attr(all(test, shuttle), expect(unreachable_code, reason = "models start no process"))]
        let is_wanted = || !(self.crew.is_stopped() || !self.has_lost() && pool.is_over());
        start_worker(options, &self.crew, is_wanted).map_err(|cause| match cause {
            PoolError::InitializerFailed { .. } => Unready::Pool(Arc::new(cause)),
            _ => Unready::Lane(Arc::new(cause)),
        })
    }

    /// Sends what makes sense: first what another worker has left, then from the queue. Whether there was any.
    fn feed(&mut self, worker: &mut Worker, station: &Station, pool: &Pool<RemoteJob>) -> Result<bool, LinkError> {
        let mut has_sent = false;
        // The queue is for so many.
        let most = pool.max_lanes();
        let takers = if worker.is_quick() { most.min(self.crew.processors()) } else { most };
        // Only where the queue is long: of a few jobs each is to run on the next free worker, and in their order.
        let Some(carrier) = station.carrier() else { return Ok(false) };
        while worker.has_room(pool.queued() / (2 * takers)) {
            if let Some(job) = self.left.pop() {
                worker.send_again(job, &carrier, &mut self.landed)?;
            } else if let Some(job) = pool.try_take_if(|job| worker.fits(job)) {
                if !worker.send(job, &carrier)? {
                    self.landed.shells += 1;
                }
            } else {
                break;
            }
            has_sent = true;
        }
        Ok(has_sent)
    }

    /// Does all that can be done at once; whether there was anything.
    fn turn(&mut self, worker: &mut Worker, station: &Station, pool: &Pool<RemoteJob>) -> Result<bool, LinkError> {
        let has_stepped = worker.step(&mut self.landed, usize::MAX)?;
        let has_fed = self.feed(worker, station, pool)?;
        worker.flush();
        Ok(has_fed || has_stepped)
    }

    /// Deals with the worker's end: tells what came of its jobs, and has those go on elsewhere that can. Some have been
    /// taken back already.
    fn bury(
        &mut self,
        mut at: MutexGuard<'_, At>,
        fate: Fate,
        mut waiting: Vec<RemoteJob>,
        pool: &Pool<RemoteJob>,
    ) -> Worked {
        let worker = at.worker.take();
        drop(at);
        self.let_go();
        let Some(mut worker) = worker else { return Worked::Done };
        let terms = self.options.terms(&self.crew);
        if let (Fate::Failed(_), Some(limit)) = (fate, self.options.restart_limit) {
            self.has_worn_out |= self.crew.note_death(limit);
        }
        // Before it is ended: what has not started cannot any more. Nor does it wait through the grace of others.
        waiting.extend(worker.take_back(&mut self.landed));
        self.give_back(waiting, pool);
        self.landed.tell(|| pool.seat());
        let Left { started, waiting } = worker.bury(fate, terms, &mut self.landed);
        self.left.extend(started);
        self.landed.tell(|| pool.seat());
        self.give_back(waiting, pool);
        Worked::Done
    }

    /// Jobs that were sent and have not started are the queue's again.
    fn give_back(&self, jobs: Vec<RemoteJob>, pool: &Pool<RemoteJob>) {
        if self.crew.is_stopped() {
            for job in jobs {
                let seat = pool.seat();
                job.refuse(TaskError::Cancelled);
                drop(seat);
            }
            return;
        }
        for job in jobs.into_iter().rev() {
            pool.put_back(job);
            self.crew.call();
        }
    }

    /// Nobody else gets at the worker from now on.
    fn let_go(&mut self) -> Option<Worker> {
        let station = self.station.take()?;
        self.crew.remove(&station);
        station.lock().worker.take()
    }

    /// Looks for a moment whether there is more to do, unless somebody else does.
    fn look(&mut self, station: &Station) -> bool {
        let found = self.spin.until(|| {
            if station.is_led() {
                return Some(false);
            }
            match &mut *station.try_lock()? {
                At { worker: Some(worker), .. } => match worker.look() {
                    Ok(false) => None,
                    Ok(true) => Some(true),
                    // There is nothing to read any more, which is seen when the link is armed.
                    Err(_) => Some(false),
                },
                At { worker: None, .. } => Some(false),
            }
        });
        found == Some(true)
    }

    /// Works with the worker that is there, until it is there no more or the pool is over.
    fn work_at(&mut self, station: &Station, pool: &Pool<RemoteJob>) -> Worked {
        let mut has_ended = false;
        loop {
            let mut at = station.lock();
            at.lane_is_up = true;
            let Some(worker) = &mut at.worker else { return Worked::Done };
            worker.disarm();
            // What is sent to a worker that is dead cannot be taken back here, and would be lost.
            has_ended = has_ended || !worker.takes_ahead() && worker.is_idle() && worker.process().has_ended();
            if has_ended {
                worker.seal();
            }
            let turned =
                if has_ended { worker.step(&mut self.landed, usize::MAX) } else { self.turn(worker, station, pool) };
            if !self.landed.is_empty() {
                drop(at);
                station.tell(&mut self.landed);
                continue;
            }
            let may_go_on = match turned {
                Ok(false) if has_ended => return self.bury(at, Fate::Failed(LinkError::Closed), Vec::new(), pool),
                Ok(has_turned) => has_turned,
                Err(error) => return self.bury(at, Fate::Failed(error), Vec::new(), pool),
            };
            let fate = if station.has_to_kill(worker, may_go_on) {
                Some(Fate::Killed)
            } else {
                (worker.is_overdue(self.options.timeout) && !worker.has_gone_on()).then_some(Fate::TimedOut)
            };
            if let Some(fate) = fate {
                // Once nothing behind it can start any more, it is sure who is meant, and whether that has not just ended.
                let first = worker.first_call();
                let waiting = worker.take_back(&mut self.landed);
                let stepped = worker.step(&mut self.landed, usize::MAX);
                let is_here =
                    if fate == Fate::Killed { worker.has_killed(false) } else { worker.first_call() == first };
                if stepped.is_err() || is_here {
                    return self.bury(at, fate, waiting, pool);
                }
                drop(at);
                self.give_back(waiting, pool);
                continue;
            }
            if may_go_on {
                continue;
            }
            if worker.is_idle() {
                worker.give_back();
                if worker.is_spent() {
                    drop(at);
                    if let Some(worker) = self.let_go() {
                        worker.close();
                    }
                    return Worked::Done;
                }
                if !station.rest() {
                    if !pool.is_over() {
                        continue;
                    }
                    if !self.crew.is_telling() {
                        // Under the lock: a submitter may wait for it that has taken the worker off the list.
                        let worker = at.worker.take();
                        drop(at);
                        self.let_go();
                        if let Some(worker) = worker {
                            worker.close();
                        }
                        return Worked::Over;
                    }
                }
            } else {
                if worker.late_at().is_some_and(|late| late <= Instant::now()) {
                    let waiting = worker.take_back(&mut self.landed);
                    drop(at);
                    self.give_back(waiting, pool);
                    // What was left in the queue for this worker is for others now.
                    for _ in 0..pool.queued() {
                        if !self.crew.call() {
                            break;
                        }
                    }
                    continue;
                }
                drop(at);
                if self.look(station) {
                    continue;
                }
                at = station.lock();
            }
            let Some(worker) = &mut at.worker else { return Worked::Done };
            match worker.arm() {
                Ok(true) => has_ended = station.sleep(at),
                Ok(false) => {}
                Err(error) => return self.bury(at, Fate::Failed(error), Vec::new(), pool),
            }
        }
    }
}

/// Starts a worker as long as it `is_wanted`: again if one is killed on its way, or if the system has nothing left for
/// it just now. A pool need not break for that.
fn start_worker(options: &LaneOptions, crew: &Crew, is_wanted: impl Fn() -> bool) -> Result<Worker, PoolError> {
    /// Enough for any accident, and too few to hide a program that cannot start.
    const ATTEMPTS: u32 = 5;
    const LONGEST_PAUSE: Duration = Duration::from_millis(200);

    let deadline = Instant::now().checked_add(options.worker.start_limit);
    let (mut kills, mut failures, mut pause) = (0, 0, Duration::from_millis(1));
    loop {
        let started = Starting::new(&options.worker).and_then(|starting| {
            crew.add(starting.process());
            let worker = starting.ready(&options.worker)?;
            match &options.initializer {
                Some(initializer) => initialize(worker, initializer, options.terms(crew)),
                None => Ok(worker),
            }
        });
        let error = match started {
            Err(error) if is_wanted() => error,
            worker_or_error => return worker_or_error,
        };
        let has_time = deadline.is_none_or(|deadline| Instant::now() + pause < deadline);
        let may_go_on = match &error {
            PoolError::SpawnWorker(refusal) => is_shortage(refusal) && has_time,
            _ if was_killed(&error) => {
                kills += 1;
                kills < ATTEMPTS || has_time
            }
            PoolError::WorkerNeverReady { exit: WorkerExit::Signal(_) | WorkerExit::Unknown } | PoolError::Link(_) => {
                failures += 1;
                failures < ATTEMPTS
            }
            _ => false,
        };
        if !may_go_on {
            return Err(error);
        }
        thread::sleep(pause);
        pause = (2 * pause).min(LONGEST_PAUSE);
    }
}

/// Whether a worker was ended from outside, by somebody or for want of memory.
fn was_killed(error: &PoolError) -> bool {
    let exit = match error {
        PoolError::WorkerNeverReady { exit } => Some(*exit),
        PoolError::InitializerFailed { cause } => match cause.downcast_ref() {
            Some(TaskError::WorkerDied(death)) => Some(death.exit),
            _ => None,
        },
        _ => None,
    };
    exit.and_then(WorkerExit::signal_name) == Some("SIGKILL")
}

/// Has a new worker do what comes before its first task.
fn initialize(mut worker: Worker, initializer: &Initializer, terms: Terms) -> Result<Worker, PoolError> {
    let Attempt { job, outcome } = initializer.attempt();
    let mut landed = Landed::default();
    let job = job.start().expect("nobody else has it");
    let worker = match worker.run_alone(job, terms.limit, &mut landed) {
        Ok(()) => Some(worker),
        Err(error) => {
            let fate = if error == LinkError::TimedOut { Fate::TimedOut } else { Fate::Failed(error) };
            // It is dead, so what it has left will not go on.
            drop(worker.bury(fate, terms, &mut landed));
            None
        }
    };
    landed.tell(Seat::none);
    outcome()
        .and_then(|()| worker.ok_or_else(|| TaskError::PoolShutDown.into()))
        .map_err(|cause| PoolError::InitializerFailed { cause })
}

impl FreeLane<RemoteJob> for ProcessLane {
    fn ready(&mut self, pool: &Arc<Pool<RemoteJob>>) -> Result<(), Unready> {
        if self.station.is_some() {
            return Ok(());
        }
        let unready = match self.new_worker(pool) {
            Ok(worker) => {
                let station = Station::new(worker, self.options.timeout, pool, &self.crew);
                self.crew.open(&station);
                self.station = Some(station);
                return Ok(());
            }
            // It was killed on its way, or need not have been started.
            Err(_) if self.crew.is_stopped() => Unready::Stopped,
            Err(unready) => unready,
        };
        let error = match &unready {
            Unready::Lane(cause) | Unready::Pool(cause) => TaskError::PoolBroken { cause: Arc::clone(cause) },
            Unready::Stopped => TaskError::PoolShutDown,
        };
        self.fail_left(&error, pool);
        Err(unready)
    }

    fn work(&mut self, pool: &Arc<Pool<RemoteJob>>) -> Result<Worked, Unready> {
        loop {
            let Some(station) = self.station.clone() else { return Ok(Worked::Done) };
            let worked = self.work_at(&station, pool);
            if !self.has_lost() {
                self.fail_left(&TaskError::Cancelled, pool);
                return Ok(worked);
            }
            // They were taken off the queue, so that may be over before they are.
            self.ready(pool)?;
        }
    }
}

impl Drop for ProcessLane {
    fn drop(&mut self) {
        if let Some(worker) = self.let_go() {
            worker.close();
        }
    }
}

impl Pooled for RemoteJob {
    fn priority(&self) -> i32 {
        RemoteJob::priority(self)
    }
    fn is_over(&self) -> bool {
        RemoteJob::is_over(self)
    }
    fn refuse(&self, error: TaskError) {
        RemoteJob::refuse(self, error);
    }
}
