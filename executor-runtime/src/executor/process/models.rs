//! Models of a worker and of all who may be at it, under random schedules: see `task::models` for how they run.
//!
//! Pool, lane, station, crew, jobs and futures are those that are shipped. The worker is played by a thread, and the
//! link by two queues; the models of `wire::ring` are about the real one.

use std::collections::VecDeque;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use shuttle::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use shuttle::sync::{Condvar, Mutex};
use shuttle::thread;

use super::crew::Crew;
use super::lane::{LaneOptions, ProcessLane};
use super::{Executor, ProcessPoolExecutor, Shutdown};
use crate::error::TaskError;
use crate::future::State;
use crate::pool::{Owner, Pool, PoolOptions};
use crate::sys::environment::Environment;
use crate::sys::limits::Limits;
use crate::sys::process::{Process, Silenced};
use crate::task::{Call, Coded, Decoder, Encoder, OwnedTask, ProcessTask, Task, WireId};
use crate::wire::{self, Bell, Claim, Claims, HostLink, LinkError, LinkKind, Read, answer_with};
use crate::worker::host::Worker;
use crate::worker::obituary::Birth;
use crate::worker::output::{Output, WorkerStderr, WorkerStdout};
use crate::worker::starting::WorkerOptions;
use crate::worker::wear::Recycling;

/// Enough that each of the bugs named below was found every time.
const SCHEDULES: usize = 2_000;

fn check(model: impl Fn() + Send + Sync + 'static) {
    shuttle::check_random(model, SCHEDULES);
}

struct Square;

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
struct Spin;

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

fn worker() -> Worker {
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

fn pool(max_lanes: usize) -> ProcessPoolExecutor {
    let crew = Arc::new(Crew::new());
    let (lanes_crew, closed_crew) = (Arc::clone(&crew), Arc::clone(&crew));
    let make_lane = move || {
        let worker = WorkerOptions {
            depth: 1,
            stack_size_bytes: 0,
            start_limit: std::time::Duration::ZERO,
            link: LinkKind::IpcChannel,
            max_value_len_bytes: u64::MAX,
            limits: Limits::default(),
            environment: Environment::default(),
            recycling: Recycling::default(),
            stdout: WorkerStdout::default(),
            stderr: WorkerStderr::default(),
        };
        let options = LaneOptions {
            worker,
            initializer: None,
            timeout: None,
            grace: std::time::Duration::ZERO,
            restart_limit: None,
            model: self::worker,
        };
        Box::new(ProcessLane::new(options, Arc::clone(&lanes_crew))) as Box<_>
    };
    let options = PoolOptions {
        max_lanes,
        name_prefix: "model".to_owned(),
        stack_size_bytes: None,
        idle_timeout: None,
        max_pending: None,
    };
    let pool = Pool::with_free_lanes(options, make_lane, move || closed_crew.close());
    ProcessPoolExecutor { pool: Owner::new(pool), crew, counts_tasks: false }
}

fn square(pool: &ProcessPoolExecutor, n: u64) -> crate::future::TaskFuture<u64> {
    pool.submit(Call::<Square>::new((n,)))
}

#[test]
fn everybody_who_waits_gets_an_answer() {
    check(|| {
        let pool = pool(1);
        let waiters = [2, 3, 4].map(|n| {
            let pool = pool.clone();
            thread::spawn(move || {
                for n in [n, n + 10] {
                    assert_eq!(square(&pool, n).result().expect("a value"), n * n);
                }
            })
        });
        for waiter in waiters {
            waiter.join().expect("a waiter");
        }
        pool.shutdown(Shutdown::Drain);
    });
}

/// Found: a pool that ends while somebody still tells an answer. That one has to stand still for long, which a scheduler
/// that gives everybody the same chance hardly lets it do; so here threads have priorities, which change now and then.
#[test]
fn a_pool_has_ended_when_all_that_was_submitted_has() {
    let model = || {
        let pool = pool(1);
        // So that the next one goes to an idle worker.
        assert_eq!(square(&pool, 2).result().expect("a value"), 4);
        let future = square(&pool, 3);
        let handle = future.handle();
        let waits = thread::spawn(move || future.result());
        pool.shutdown(Shutdown::Drain);
        assert!(handle.is_done());
        assert_eq!(waits.join().expect("no panic").expect("a value"), 9);
    };
    shuttle::check_pct(model, SCHEDULES, 3);
}

#[test]
fn a_burst_is_answered_without_anybody_who_waits() {
    check(|| {
        let pool = pool(2);
        let futures: Vec<_> = (0..6).map(|n| square(&pool, n)).collect();
        pool.shutdown(Shutdown::Drain);
        assert!(futures.iter().all(|future| future.is_done()));
    });
}

/// With two workers and, in a model, one processor: what is not sent behind others waits for the worker that has them.
#[test]
fn what_waits_for_a_quick_worker_is_answered() {
    check(|| {
        let pool = pool(2);
        let warm: Vec<_> = (0..2).map(|n| square(&pool, n)).collect();
        assert!(warm.into_iter().zip(0..).all(|(future, n)| future.result().expect("a value") == n * n));
        let submits = [3, 20].map(|first| {
            let pool = pool.clone();
            thread::spawn(move || (first..first + 7).map(|n| (n, square(&pool, n))).collect::<Vec<_>>())
        });
        for submits in submits {
            for (n, future) in submits.join().expect("no panic") {
                let (tell, told) = shuttle::sync::mpsc::channel();
                future.on_done(move |result| tell.send(*result.expect("a value")).expect("a receiver"));
                assert_eq!(told.recv().expect("a value"), n * n);
            }
        }
    });
}

#[test]
fn what_is_cancelled_is_cancelled_wherever_it_is() {
    check(|| {
        let pool = pool(1);
        let futures: Vec<_> = (0..5).map(|n| square(&pool, n)).collect();
        let handle = futures[3].handle();
        let cancels = thread::spawn(move || handle.cancel());
        let ended = futures.into_iter().map(|future| future.result());
        let results: Vec<_> = ended.collect();
        let cancelled = cancels.join().expect("no panic");
        for (n, result) in (0..).zip(results) {
            match result {
                Ok(value) => assert_eq!(value, n * n),
                Err(TaskError::Cancelled) => assert!(cancelled && n == 3),
                Err(error) => panic!("{error:?}"),
            }
        }
        // What is behind a task that was taken back goes on.
        assert_eq!(square(&pool, 9).result().expect("a value"), 81);
    });
}

/// Found: tasks that take a number and are not sent, and numbers that lie farther apart than there are claims.
#[test]
fn what_is_cancelled_in_a_long_queue_costs_no_other() {
    check(|| {
        let pool = pool(1);
        assert_eq!(square(&pool, 2).result().expect("a value"), 4);
        let futures: Vec<_> = (0..14).map(|n| square(&pool, n)).collect();
        let handles: Vec<_> = futures[3..11].iter().map(crate::future::TaskFuture::handle).collect();
        let cancels = thread::spawn(move || handles.iter().filter(|handle| handle.cancel()).count());
        let results: Vec<_> = futures.into_iter().map(|future| future.result()).collect();
        let cancelled = results.iter().filter(|result| matches!(result, Err(TaskError::Cancelled))).count();
        assert_eq!(cancels.join().expect("no panic"), cancelled);
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 14 - cancelled);
    });
}

/// A kill finds its task wherever that is: it never ends by itself. Found: a task that is cancelled while it is sent to
/// its worker, and runs there; a kill that wakes nobody.
#[test]
fn what_is_killed_ends_wherever_it_is_and_nothing_else() {
    check(|| {
        let pool = pool(1);
        let (first, doomed) = (square(&pool, 2), pool.submit(Call::<Spin>::new(())));
        let handle = doomed.handle();
        let kills = thread::spawn(move || {
            // Most often that is not before it has started.
            let mut patience = shuttle::rand::Rng::gen_range(&mut shuttle::rand::thread_rng(), 0..50);
            while patience > 0 && handle.state() == State::Pending {
                patience -= 1;
                thread::yield_now();
            }
            handle.kill()
        });
        let behind = [3, 4].map(|n| (n, square(&pool, n)));
        assert!(matches!(doomed.result(), Err(TaskError::Cancelled)));
        assert!(kills.join().expect("no panic"));
        assert_eq!(first.result().expect("a value"), 4);
        for (n, future) in behind {
            assert_eq!(future.result().expect("a value"), n * n);
        }
    });
}

/// One that has no time has ended anyway, or ends for that. Found: a worker that is ended for it when it has begun the
/// next.
#[test]
fn a_time_limit_ends_its_call_and_nothing_else() {
    check(|| {
        let pool = pool(1);
        let first = square(&pool, 2);
        let limited = pool.submit(Call::<Square>::new((30,)).timeout(Duration::ZERO));
        let behind = [40, 41, 42, 43].map(|n| (n, square(&pool, n)));
        // The lane wakes for what is cancelled, and looks at the clock.
        let cancelled = [8, 9, 10].map(|n| square(&pool, n).handle());
        let cancels = thread::spawn(move || cancelled.map(|handle| handle.cancel()));
        for (n, future) in behind {
            assert_eq!(future.result().expect("a value"), n * n);
        }
        match limited.result() {
            Ok(value) => assert_eq!(value, 900),
            Err(error) => assert!(matches!(error, TaskError::TimedOut { .. }), "{error:?}"),
        }
        assert_eq!(first.result().expect("a value"), 4);
        cancels.join().expect("no panic");
    });
}

#[test]
fn a_shutdown_while_others_submit_ends_every_future() {
    check(|| {
        let pool = pool(1);
        let submits = {
            let pool = pool.clone();
            thread::spawn(move || [5, 6].map(|n| square(&pool, n).result()))
        };
        Executor::shutdown(&pool, Shutdown::CancelPending);
        for (n, result) in [5, 6].into_iter().zip(submits.join().expect("no panic")) {
            match result {
                Ok(value) => assert_eq!(value, n * n),
                Err(error) => assert!(matches!(error, TaskError::Cancelled | TaskError::PoolShutDown), "{error:?}"),
            }
        }
    });
}

#[test]
fn an_idle_worker_runs_what_nobody_waits_for() {
    check(|| {
        let pool = pool(1);
        assert_eq!(square(&pool, 2).result().expect("a value"), 4);
        // The first is cancelled, if that is not too late, while the worker is idle but for it.
        let (first, second) = (square(&pool, 3), square(&pool, 4));
        first.cancel();
        let (tell, told) = shuttle::sync::mpsc::channel();
        second.on_done(move |result| tell.send(*result.expect("a value")).expect("a receiver"));
        drop(second);
        assert_eq!(told.recv().expect("a value"), 16);
        drop(first);
        let (tell, told) = shuttle::sync::mpsc::channel();
        square(&pool, 5).on_done(move |result| tell.send(*result.expect("a value")).expect("a receiver"));
        assert_eq!(told.recv().expect("a value"), 25);
    });
}
