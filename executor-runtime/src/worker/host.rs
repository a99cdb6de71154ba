//! A worker process as its lane uses it.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{PoolError, TaskError, WorkerDeath, WorkerExit};
use crate::sys::process::Process;
use crate::task::registry::Registry;
use crate::task::{RunningJob, Seat};
use crate::wire::{self, Hello, HostLink, LinkError, LinkKind, Offer, PROTOCOL, Patience, Task, Welcome};

/// How long a worker that was told to end may run its exit handlers.
const EXIT_LIMIT: Duration = Duration::from_secs(2);

/// What every worker of a pool is started with.
#[derive(Clone, Debug)]
pub(crate) struct WorkerOptions {
    pub(crate) depth: u32,
    pub(crate) stack_size_bytes: usize,
    /// From the start of the process until it can take tasks.
    pub(crate) start_limit: Duration,
    pub(crate) link: LinkKind,
}

/// A worker that can take tasks.
pub(crate) struct Worker {
    process: Arc<Process>,
    link: Box<dyn HostLink>,
    /// Its end of file tells the worker that its parent is gone.
    _control: UnixStream,
    /// The last answer; its room is used again.
    answer: Vec<u8>,
}

/// A worker that was started and may not have got ready yet.
pub(crate) struct Starting {
    process: Arc<Process>,
    control: UnixStream,
    /// `None` if it has all the time there is.
    deadline: Option<Instant>,
}

impl Starting {
    /// Starts a process.
    pub(crate) fn new(options: &WorkerOptions) -> Result<Self, PoolError> {
        let deadline = Instant::now().checked_add(options.start_limit);
        let (process, control) = Process::spawn().map_err(PoolError::SpawnWorker)?;
        Ok(Self { process: Arc::new(process), control, deadline })
    }

    /// The process, so that others can kill it.
    pub(crate) fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// Waits until the worker can take tasks.
    pub(crate) fn ready(self, options: &WorkerOptions) -> Result<Worker, PoolError> {
        let program = Registry::of_program().map_or(0, Registry::fingerprint);
        let hello = Hello {
            protocol: PROTOCOL,
            program,
            depth: options.depth,
            stack_size_bytes: options.stack_size_bytes as u64,
            link: options.link,
        };
        let offer = Offer::new(options.link).map_err(|error| PoolError::Link(error.to_string()))?;
        let welcome = wire::send(&self.control, &hello, &offer.descriptors())
            .and_then(|()| wire::receive::<Welcome>(&self.control, self.deadline))
            .map_err(|error| self.not_ready(&error, options))?;
        if welcome.protocol != PROTOCOL {
            let what = format!("protocol {} here, {} there", PROTOCOL, welcome.protocol);
            return Err(PoolError::VersionMismatch { what });
        }
        if welcome.program != program {
            return Err(PoolError::VersionMismatch { what: "the tasks and their types".to_owned() });
        }
        let link = welcome.door.and_then(|door| offer.connect(door, self.process.as_fd())).map_err(PoolError::Link)?;
        Ok(Worker { process: self.process, link, _control: self.control, answer: Vec::new() })
    }

    fn not_ready(&self, error: &io::Error, options: &WorkerOptions) -> PoolError {
        match error.kind() {
            io::ErrorKind::TimedOut => PoolError::WorkerTooSlow { limit: options.start_limit },
            // It closed its end: it is dead, or as good as dead.
            _ if self.process.wait_ended(Some(EXIT_LIMIT)) => PoolError::WorkerNeverReady { exit: self.process.reap() },
            _ => PoolError::Link(error.to_string()),
        }
    }
}

impl Worker {
    /// Whether it has died since its last task.
    pub(crate) fn is_dead(&self) -> bool {
        self.process.has_ended()
    }

    /// Runs the calls of a job that have no answer yet, and answers each. `seat` goes with the last answer.
    ///
    /// At `limit` after a call has started the worker is killed.
    ///
    /// # Errors
    ///
    /// The worker is gone, and the first call without an answer with it.
    pub(crate) fn run(
        &mut self,
        job: &mut RunningJob,
        limit: Option<Duration>,
        seat: &mut Seat<'_>,
    ) -> Result<(), TaskError> {
        let task = Task { id: job.id().to_bytes(), is_chunk: job.is_chunk(), arguments: job.arguments() };
        let mut started = Instant::now();
        let process = Arc::clone(&self.process);
        let gone = || process.has_ended();
        let patience =
            |started: Instant| Patience { deadline: limit.and_then(|limit| started.checked_add(limit)), gone: &gone };
        let mut passed = self.link.send([&task.head(), task.arguments], &patience(started));
        while job.calls_left() > 0 {
            passed = passed.and_then(|()| {
                wire::give_back(&mut self.answer);
                self.link.receive(&mut self.answer, &patience(started))
            });
            let answer = passed.and_then(|()| wire::read_answer(&self.answer));
            match answer {
                Ok(answer) => job.answer(answer, seat),
                Err(error) => return Err(self.lost(error, job, started, limit)),
            }
            started = Instant::now();
        }
        Ok(())
    }

    /// Makes sure that a worker whose link has failed is dead, and says what that means for the call it ran.
    fn lost(&self, error: LinkError, job: &RunningJob, started: Instant, limit: Option<Duration>) -> TaskError {
        let attempts = job.attempts();
        match (error, limit) {
            (LinkError::TimedOut, Some(limit)) => {
                self.process.kill();
                TaskError::TimedOut { limit, attempts }
            }
            (error, _) => {
                let exit = ended(&self.process, error);
                let (pid, task, ran_for) = (self.process.pid(), job.name().to_owned(), started.elapsed());
                let death = WorkerDeath { pid, exit, task, ran_for, attempts };
                TaskError::WorkerDied(Arc::new(death))
            }
        }
    }

    /// Tells the worker that no task will follow, and waits for its end.
    pub(crate) fn close(self) {
        let Self { process, link, _control, .. } = self;
        drop(link);
        if !process.wait_ended(Some(EXIT_LIMIT)) {
            process.kill();
        }
        process.reap();
    }
}

/// The end of a worker whose link failed.
fn ended(process: &Process, error: LinkError) -> WorkerExit {
    // A closed link is the first sign of a death, which then needs a moment to
    // be complete. A worker that goes on without its link is of no use.
    if error == LinkError::Protocol || !process.wait_ended(Some(EXIT_LIMIT)) {
        process.kill();
        process.reap();
        return WorkerExit::Protocol;
    }
    process.reap()
}
