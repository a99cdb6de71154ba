//! A lane of a process pool: it owns one worker process at a time.

use std::sync::Arc;
use std::time::Duration;

use super::crew::Crew;
use crate::error::{PoolError, TaskError, WorkerExit};
use crate::pool::{Lane, Pooled, Unready};
use crate::task::{Attempt, Initializer, RemoteJob, Seat};
use crate::worker::host::{Starting, Worker, WorkerOptions};

/// A lane that has a worker process run its jobs.
pub(super) struct ProcessLane {
    options: LaneOptions,
    crew: Arc<Crew>,
    worker: Option<Worker>,
    /// By the worker that is there.
    tasks_done: usize,
    /// Why no worker could be started for the rest of a chunk.
    unready: Option<Unready>,
}

/// What all lanes of a pool are told.
#[derive(Clone)]
pub(super) struct LaneOptions {
    pub(super) worker: WorkerOptions,
    pub(super) initializer: Option<Initializer>,
    /// After so many tasks a worker is replaced.
    pub(super) max_tasks: Option<usize>,
    /// For tasks whose call has no limit of its own.
    pub(super) timeout: Option<Duration>,
}

impl ProcessLane {
    pub(super) fn new(options: LaneOptions, crew: Arc<Crew>) -> Self {
        Self { options, crew, worker: None, tasks_done: 0, unready: None }
    }

    /// Starts a worker, which becomes the lane's.
    fn start(&mut self) -> Result<&mut Worker, Unready> {
        self.tasks_done = 0;
        match self.new_worker() {
            Ok(worker) => Ok(self.worker.insert(worker)),
            // It was killed on its way, or need not have been started.
            Err(_) if self.crew.is_stopped() => Err(Unready::Stopped),
            Err(unready) => Err(unready),
        }
    }

    fn new_worker(&self) -> Result<Worker, Unready> {
        let options = &self.options;
        let mut worker = start_worker(&options.worker, &self.crew).map_err(|cause| Unready::Lane(Arc::new(cause)))?;
        if let Some(initializer) = &options.initializer {
            initialize(&mut worker, initializer, options.timeout).map_err(|cause| Unready::Pool(Arc::new(cause)))?;
        }
        Ok(worker)
    }

    /// Lets go of a worker that has run as many tasks as it may. The next one starts when the lane gets ready.
    fn recycle(&mut self) {
        if self.options.max_tasks.is_some_and(|max| self.tasks_done >= max)
            && let Some(worker) = self.worker.take()
        {
            worker.close();
        }
    }

    /// What a call ends with that could not be given to a worker, or did not come back from it.
    fn why_lost(&self, error: TaskError) -> TaskError {
        if self.crew.is_stopped() { TaskError::PoolShutDown } else { error }
    }
}

/// Starts a worker, again if one is killed on its way: a pool need not break for that.
fn start_worker(options: &WorkerOptions, crew: &Crew) -> Result<Worker, PoolError> {
    /// Enough for any accident, and too few to hide a program that cannot start.
    const ATTEMPTS: u32 = 5;

    let mut attempt = 1;
    loop {
        let starting = Starting::new(options)?;
        crew.add(starting.process());
        match starting.ready(options) {
            Err(PoolError::WorkerNeverReady { exit: WorkerExit::Signal(_) } | PoolError::Link(_))
                if attempt < ATTEMPTS && !crew.is_stopped() =>
            {
                attempt += 1;
            }
            worker_or_error => return worker_or_error,
        }
    }
}

/// Has a new worker do what comes before its first task.
fn initialize(worker: &mut Worker, initializer: &Initializer, timeout: Option<Duration>) -> Result<(), PoolError> {
    let Attempt { job, outcome } = initializer.attempt();
    let lost = job.start().and_then(|mut job| {
        let limit = job.limit().or(timeout);
        worker.run(&mut job, limit, &mut Seat::none()).err()
    });
    let outcome = lost.map_or_else(outcome, |error| Err(error.into()));
    outcome.map_err(|cause| PoolError::InitializerFailed { cause })
}

impl Lane<RemoteJob> for ProcessLane {
    fn ready(&mut self) -> Result<(), Unready> {
        if let Some(unready) = self.unready.take() {
            return Err(unready);
        }
        if self.worker.as_ref().is_some_and(Worker::is_dead) {
            self.worker = None;
        }
        if self.worker.is_none() { self.start().map(drop) } else { Ok(()) }
    }

    fn run(&mut self, job: RemoteJob, mut seat: Seat<'_>) {
        let Some(mut job) = job.start() else { return };
        let limit = job.limit().or(self.options.timeout);
        // A worker that dies costs the call it ran, unless that may run again; what is left of a chunk goes to the
        // next one.
        while job.calls_left() > 0 {
            let calls = job.calls_left();
            let worker = match &mut self.worker {
                Some(worker) => worker,
                None => match self.start() {
                    Ok(worker) => worker,
                    Err(unready) => {
                        let error = match &unready {
                            Unready::Lane(cause) | Unready::Pool(cause) => {
                                TaskError::PoolBroken { cause: Arc::clone(cause) }
                            }
                            Unready::Stopped => TaskError::PoolShutDown,
                        };
                        self.unready = Some(unready);
                        return job.fail(&error, &mut seat);
                    }
                },
            };
            let lost = worker.run(&mut job, limit, &mut seat);
            self.tasks_done += calls - job.calls_left();
            if let Err(error) = lost {
                self.worker = None;
                let error = self.why_lost(error);
                if self.crew.is_stopped() {
                    return job.fail(&error, &mut seat);
                }
                if !job.retry() {
                    job.answer(Err(error), &mut seat);
                }
            }
        }
        self.recycle();
    }
}

impl Drop for ProcessLane {
    fn drop(&mut self) {
        if let Some(worker) = self.worker.take() {
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
