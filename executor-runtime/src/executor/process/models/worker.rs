//! A worker that is a thread, and the tasks that it runs.

use std::collections::VecDeque;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, LazyLock};

use shuttle::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use shuttle::sync::{Condvar, Mutex};
use shuttle::thread;

use crate::error::TaskError;
use crate::sys::environment::Environment;
use crate::sys::process::{Process, Silenced};
use crate::task::{Coded, Decoder, Encoder, OwnedTask, ProcessTask, Task, WireId};
use crate::wire::{self, Bell, Claim, Claims, HostLink, LinkError, Read, answer_with};
use crate::worker::host::Worker;
use crate::worker::obituary::Birth;
use crate::worker::output::Output;
use crate::worker::wear::Recycling;

/// Ends soon, but not always as soon.
pub(super) struct Square;

impl Task for Square {
    type Args<'a> = (u64,);
    type Output = u64;
    const NAME: &'static str = "square";

    fn call((n,): (u64,)) -> u64 {
        n * n
    }
}

impl OwnedTask for Square {
    type Owned = (u64,);

    fn own(args: (u64,)) -> Result<(u64,), TaskError> {
        Ok(args)
    }
    fn call_owned(owned: (u64,)) -> Result<u64, TaskError> {
        Ok(Self::call(owned))
    }
}

impl ProcessTask for Square {
    const ID: WireId = WireId::chosen("square", 0);

    fn encode(args: (u64,), out: &mut Encoder<'_>) -> Coded<()> {
        out.value(&args.0)
    }
    fn run(input: &mut Decoder<'_>) -> Coded<u64> {
        input.value().map(|n| Self::call((n,)))
    }
    fn encode_output(output: u64, out: &mut Encoder<'_>) -> Coded<()> {
        out.value(&output)
    }
    fn decode_output(input: &mut Decoder<'_>) -> Coded<u64> {
        input.value()
    }
}

/// Goes on until it is killed.
pub(super) struct Spin;

impl Task for Spin {
    type Args<'a> = ();
    type Output = ();
    const NAME: &'static str = "spin";

    fn call((): ()) {
        unreachable!("the model's worker plays it");
    }
}

impl OwnedTask for Spin {
    type Owned = ();

    fn own((): ()) -> Result<(), TaskError> {
        Ok(())
    }
    fn call_owned((): ()) -> Result<(), TaskError> {
        unreachable!("the model's worker plays it");
    }
}

impl ProcessTask for Spin {
    const ID: WireId = WireId::chosen("spin", 0);

    fn encode((): (), _: &mut Encoder<'_>) -> Coded<()> {
        Ok(())
    }
    fn run(_: &mut Decoder<'_>) -> Coded<()> {
        unreachable!("the model's worker plays it");
    }
    fn encode_output((): (), _: &mut Encoder<'_>) -> Coded<()> {
        Ok(())
    }
    fn decode_output(_: &mut Decoder<'_>) -> Coded<()> {
        Ok(())
    }
}

/// How many tasks can be under way.
const WINDOW: usize = 4;

/// Both sides of a link.
struct Shared {
    down: Mutex<VecDeque<Vec<u8>>>,
    sent: Condvar,
    up: Mutex<VecDeque<Vec<u8>>>,
    host_sleeps: AtomicBool,
    host_is_gone: AtomicBool,
    /// The worker was killed.
    is_dead: AtomicBool,
    claims: [AtomicU32; WINDOW],
}

const OFFERED: u32 = 1;
const TAKEN_BACK: u32 = 2;
const STARTED: u32 = 3;

impl Shared {
    fn claim(&self, number: u32, state: u32) -> Result<u32, u32> {
        let word = &self.claims[number as usize % self.claims.len()];
        word.compare_exchange(number << 2 | OFFERED, number << 2 | state, Ordering::SeqCst, Ordering::SeqCst)
    }
}

struct Claimed(Arc<Shared>);

impl Claims for Claimed {
    fn offer(&self, number: u32) {
        let Shared { claims, .. } = &*self.0;
        claims[number as usize % claims.len()].store(number << 2 | OFFERED, Ordering::SeqCst);
    }
    fn take_back(&self, number: u32) -> Claim {
        match self.0.claim(number, TAKEN_BACK) {
            Ok(_) => Claim::Offered,
            Err(_) => self.look(number),
        }
    }
    fn look(&self, number: u32) -> Claim {
        match self.0.claims[number as usize % self.0.claims.len()].load(Ordering::SeqCst) & 3 {
            OFFERED => Claim::Offered,
            TAKEN_BACK => Claim::TakenBack,
            _ => Claim::Started,
        }
    }
}

struct Host(Arc<Shared>);

impl HostLink for Host {
    fn window(&self) -> usize {
        WINDOW
    }
    fn claims(&self) -> Arc<dyn Claims> {
        Arc::new(Claimed(Arc::clone(&self.0)))
    }
    fn push(&mut self, message: [&[u8]; 2], _: &mut usize) -> Result<bool, LinkError> {
        self.0.down.lock().expect("no panic").push_back(message.concat());
        Ok(true)
    }
    fn fits(&mut self, _: usize) -> Result<bool, LinkError> {
        Ok(true)
    }
    fn flush(&mut self) {
        self.0.sent.notify_one();
    }
    fn pull(&mut self, message: &mut Vec<u8>) -> Result<Read, LinkError> {
        let next = self.0.up.lock().expect("no panic").pop_front();
        Ok(next.map_or(Read::Nothing, |next| {
            *message = next;
            Read::All
        }))
    }
    fn look(&mut self, _: bool) -> Result<bool, LinkError> {
        Ok(!self.0.up.lock().expect("no panic").is_empty())
    }
    fn arm(&mut self, room: bool) -> Result<bool, LinkError> {
        self.flush();
        self.0.host_sleeps.store(true, Ordering::SeqCst);
        self.look(room).map(|found| !found)
    }
    fn disarm(&mut self) {
        self.0.host_sleeps.store(false, Ordering::SeqCst);
    }
    /// No sooner than that has the worker ended.
    fn seal(&mut self) {
        let up = self.0.up.lock().expect("no panic");
        self.0.is_dead.store(true, Ordering::SeqCst);
        drop(up);
    }
    fn hang_up(&mut self) {
        self.close();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.hang_up();
    }
}

impl Host {
    fn close(&self) {
        let down = self.0.down.lock().expect("no panic");
        self.0.host_is_gone.store(true, Ordering::SeqCst);
        drop(down);
        self.0.sent.notify_one();
    }
}

/// What a worker does.
fn guest(shared: &Shared, bell: &Bell) {
    loop {
        let mut down = shared.down.lock().expect("no panic");
        let message = loop {
            match down.pop_front() {
                Some(message) => break message,
                None if shared.host_is_gone.load(Ordering::SeqCst) => return,
                None => down = shared.sent.wait(down).expect("no panic"),
            }
        };
        drop(down);
        let task = wire::Task::read(&message).expect("a task");
        if shared.claim(task.number, STARTED).is_err() {
            continue;
        }
        if task.id == Spin::ID.to_bytes() {
            let mut down = shared.down.lock().expect("no panic");
            while !shared.host_is_gone.load(Ordering::SeqCst) {
                down = shared.sent.wait(down).expect("no panic");
            }
            return;
        }
        let n: u64 = Decoder::new(task.arguments).value().expect("a number");
        // A larger number takes longer, most often.
        for _ in 0..shuttle::rand::Rng::gen_range(&mut shuttle::rand::thread_rng(), 0..=n) {
            thread::yield_now();
        }
        let mut answer = Vec::new();
        answer_with(&mut answer, &mut Vec::new(), task.number, std::time::Instant::now(), |out, _| {
            Square::encode_output(Square::call((n,)), &mut Encoder::new(out)).expect("a number");
            Ok(())
        });
        let mut up = shared.up.lock().expect("no panic");
        if shared.is_dead.load(Ordering::SeqCst) {
            return;
        }
        up.push_back(answer);
        drop(up);
        if shared.host_sleeps.swap(false, Ordering::SeqCst) {
            bell.poke();
        }
    }
}

/// Is only asked whether it lives, which it does as long as the thread that has started it.
static PROCESS: LazyLock<(Arc<Process>, UnixStream)> = LazyLock::new(|| {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        tell.send(Process::spawn(&Environment::default(), Silenced::default()).expect("a process"))
            .expect("a receiver");
        loop {
            std::thread::park();
        }
    });
    let (process, control) = told.recv().expect("a process");
    (Arc::new(process), control)
});

pub(super) fn worker() -> Worker {
    let shared = Arc::new(Shared {
        down: Mutex::default(),
        sent: Condvar::new(),
        up: Mutex::default(),
        host_sleeps: AtomicBool::new(false),
        host_is_gone: AtomicBool::new(false),
        is_dead: AtomicBool::new(false),
        claims: std::array::from_fn(|_| AtomicU32::new(0)),
    });
    let (process, control) = &*PROCESS;
    let bell = Bell::new(None, std::os::fd::AsFd::as_fd(&**process));
    let bell = Arc::new(bell.expect("a bell"));
    let (ours, rung) = (Arc::clone(&shared), Arc::clone(&bell));
    thread::spawn(move || guest(&ours, &rung));
    let output = Output::unheard(control.try_clone().expect("a descriptor"));
    Worker::new(Arc::clone(process), Box::new(Host(shared)), bell, output, Birth::default(), Recycling::default())
}
