//! Bare `ipc-channel`, as little as one can do with it: no queue, no futures, no
//! errors, no thread but the caller's. What a pool over it can at most reach.
//!
//! Each worker gets one channel for questions and one for answers, and answers in
//! the order of the questions; so a question's worker is all that an answer needs.

use std::cell::Cell;
use std::env;
use std::process::{Child, Command, exit};

use ipc_channel::ipc::{self, IpcOneShotServer, IpcReceiver, IpcSender};

use super::pool::{Pool, ProcessPool};
use super::tasks::successor;

/// Tells a child where its parent is.
const VARIABLE: &str = "EXECUTOR_BENCHES_DOOR";

/// The question that asks for the worker's process id.
const WHO: u64 = u64::MAX;

/// What a child gives its parent.
type Ends = (IpcSender<u64>, IpcReceiver<u64>);

/// Answers questions and never returns, if this process was started for that.
pub(crate) fn run_if_child() {
    let Ok(door) = env::var(VARIABLE) else { return };
    let (ask, questions) = ipc::channel().expect("a channel");
    let (answer, answers) = ipc::channel().expect("a channel");
    IpcSender::<Ends>::connect(door).expect("the parent waits").send((ask, answers)).expect("the parent waits");
    while let Ok(question) = questions.recv() {
        let result = if question == WHO { u64::from(std::process::id()) } else { successor(question) };
        answer.send(result).expect("the parent reads all answers");
    }
    exit(0)
}

pub(crate) struct Bare {
    workers: Vec<Worker>,
    /// Whose turn it is.
    next: Cell<usize>,
}

struct Worker {
    process: Child,
    ask: IpcSender<u64>,
    answers: IpcReceiver<u64>,
}

impl Pool for Bare {
    /// The worker that was asked.
    type Answer = usize;

    /// What fits the sockets' buffers: beyond that, both sides would wait for the other one to read.
    const WINDOW: usize = 128;

    fn start(workers: usize) -> Self {
        // All are started before the first is waited for.
        let starting: Vec<_> = (0..workers).map(|_| start_worker()).collect();
        let ready = |(process, server): (Child, IpcOneShotServer<Ends>)| {
            let (_, (ask, answers)) = server.accept().expect("the child comes");
            Worker { process, ask, answers }
        };
        Self { workers: starting.into_iter().map(ready).collect(), next: Cell::new(0) }
    }

    fn submit(&self, n: u64) -> usize {
        let turn = self.next.get();
        self.next.set((turn + 1) % self.workers.len());
        self.workers[turn].ask.send(n).expect("the child reads all questions");
        turn
    }

    fn wait(&self, asked: usize) -> u64 {
        self.workers[asked].answers.recv().expect("the child answers all questions")
    }

    fn stop(self) {
        for Worker { mut process, ask, answers } in self.workers {
            drop((ask, answers));
            assert!(process.wait().expect("our own child").success());
        }
    }
}

impl ProcessPool for Bare {
    const BURST: u64 = 50_000;

    fn submit_pid(&self) -> usize {
        self.submit(WHO)
    }
}

fn start_worker() -> (Child, IpcOneShotServer<Ends>) {
    let (server, door) = IpcOneShotServer::new().expect("a socket in the temporary directory");
    let process = Command::new("/proc/self/exe").env(VARIABLE, door).spawn().expect("this program can be started");
    (process, server)
}
