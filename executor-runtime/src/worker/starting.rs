//! A worker process from its start until it can take tasks.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::host::{EXIT_LIMIT, Worker};
use super::obituary::Birth;
use super::output::{Output, WorkerStderr, WorkerStdout};
use super::wear::Recycling;
use crate::error::PoolError;
use crate::sys::environment::Environment;
use crate::sys::limits::Limits;
use crate::sys::memory;
use crate::sys::process::{Process, Silenced};
use crate::task::registry::Registry;
use crate::wire::{self, Hello, LinkKind, Offer, PROTOCOL, Welcome};

/// What every worker of a pool is started with.
#[derive(Clone, Debug)]
pub(crate) struct WorkerOptions {
    pub(crate) depth: u32,
    pub(crate) stack_size_bytes: usize,
    /// From the start of the process until it can take tasks.
    pub(crate) start_limit: Duration,
    pub(crate) link: LinkKind,
    /// Of one encoded value.
    pub(crate) max_value_len_bytes: u64,
    pub(crate) limits: Limits,
    pub(crate) environment: Environment,
    pub(crate) recycling: Recycling,
    pub(crate) stdout: WorkerStdout,
    pub(crate) stderr: WorkerStderr,
}

/// A worker that was started and may not have got ready yet.
pub(crate) struct Starting {
    process: Arc<Process>,
    control: UnixStream,
    /// `None` if it has all the time there is.
    deadline: Option<Instant>,
    oom_kills: Option<u64>,
}

impl Starting {
    /// Starts a process.
    pub(crate) fn new(options: &WorkerOptions) -> Result<Self, PoolError> {
        let deadline = Instant::now().checked_add(options.start_limit);
        let oom_kills = memory::oom_kills();
        let silenced =
            Silenced { stdout: options.stdout == WorkerStdout::Null, stderr: options.stderr == WorkerStderr::Null };
        let (process, control) = Process::spawn(&options.environment, silenced).map_err(PoolError::SpawnWorker)?;
        Ok(Self { process: Arc::new(process), control, deadline, oom_kills })
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
            max_value_len_bytes: options.max_value_len_bytes,
            limits: options.limits.clone(),
            link: options.link,
            hears_stderr: options.stderr == WorkerStderr::Forward,
        };
        let mut offer = Offer::new(options.link, self.process.as_fd()).map_err(PoolError::SpawnWorker)?;
        let welcome = wire::send(&self.control, &hello, &offer.descriptors())
            .map(|()| offer.let_go())
            .and_then(|()| wire::receive::<Welcome>(&self.control, self.deadline))
            .map_err(|error| self.not_ready(&error, options))?;
        // Before anything else: whatever comes of it, the door is not left behind.
        let door = welcome.door.map(|address| offer.door(address));
        if welcome.protocol != PROTOCOL {
            let what = format!("protocol {} here, {} there", PROTOCOL, welcome.protocol);
            return Err(PoolError::VersionMismatch { what });
        }
        if welcome.program != program {
            return Err(PoolError::VersionMismatch { what: "the tasks and their types".to_owned() });
        }
        if let Some(refusal) = welcome.refusal {
            return Err(refusal.into());
        }
        if self.process.has_ended() {
            // It would be noticed in any case, but `ipc-channel` forgets a descriptor when it cannot connect.
            return Err(self.not_ready(&io::ErrorKind::UnexpectedEof.into(), options));
        }
        let max_len_bytes = options.max_value_len_bytes.saturating_add(wire::MOST_BESIDE_VALUE_BYTES);
        let connected = offer.connect(door.map_err(PoolError::Link)?, max_len_bytes);
        let (link, bell) = connected.map_err(|error| {
            if is_shortage(&error) { PoolError::SpawnWorker(error) } else { PoolError::Link(error.to_string()) }
        })?;
        let output = match options.stderr {
            WorkerStderr::Forward => Output::forwarded(self.control).map_err(PoolError::SpawnWorker)?,
            WorkerStderr::Inherit | WorkerStderr::Null => Output::unheard(self.control),
        };
        let birth = Birth { memory_bytes: welcome.memory_bytes, oom_kills: self.oom_kills };
        Ok(Worker::new(self.process, link, bell, output, birth, options.recycling))
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

/// Whether the system has no descriptor, process or memory left, which it may have again.
pub(crate) fn is_shortage(refusal: &io::Error) -> bool {
    let shortages = [Errno::MFILE, Errno::NFILE, Errno::AGAIN, Errno::NOMEM, Errno::NOBUFS];
    Errno::from_io_error(refusal).is_some_and(|errno| shortages.contains(&errno))
}
