//! Models of the queue, the backlog and the lanes, under random schedules: see
//! `task::models` for how they run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use shuttle::thread;

use super::queue::{Popped, Queue};
use super::{Lane, Pool, PoolOptions, Pooled, Unready};
use crate::error::{PoolError, TaskError};
use crate::future::{Promise, TaskFuture, promise};
use crate::sync::Mutex;
use crate::task::{Backlog, Seat};

/// Enough that each of the bugs named below was found every time.
const SCHEDULES: usize = 3_000;

fn check(model: impl Fn() + Send + Sync + 'static) {
    shuttle::check_random(model, SCHEDULES);
}

/// A job that is its own name and its priority.
struct Job(i32);

impl Pooled for Job {
    fn priority(&self) -> i32 {
        self.0
    }
    fn is_over(&self) -> bool {
        false
    }
    fn refuse(&self, _: TaskError) {}
}

/// Found: a close that does not take the lock, a lane that looks at `closed` before it looks for a job, one that lets
/// go of the lock between its last look and its sleep, and a push that does not look at `closed`.
#[test]
fn what_a_queue_took_in_is_popped_once_and_after_a_close_every_lane_ends() {
    check(|| {
        let queue = Arc::new(Queue::new());
        let lane = |queue: &Arc<Queue<Job>>| {
            let queue = Arc::clone(queue);
            thread::spawn(move || {
                let mut sum = 0;
                while let Popped::Job(Job(number)) = queue.pop(None) {
                    sum += number;
                }
                sum
            })
        };
        let lanes = [lane(&queue), lane(&queue)];
        let submitters = [[1, 2], [4, 8]].map(|numbers| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || numbers.into_iter().filter(|number| queue.push(Job(*number)).is_ok()).sum::<i32>())
        });
        queue.close();
        let taken_in: i32 = submitters.into_iter().map(|submitter| submitter.join().expect("a submitter")).sum();
        let popped: i32 = lanes.into_iter().map(|lane| lane.join().expect("a lane")).sum();
        assert_eq!(popped, taken_in);
        assert!(queue.push(Job(1)).is_err() && queue.is_over());
    });
}

/// Found: a close that wakes one lane only, and one that does not take the lock.
#[test]
fn a_close_wakes_every_lane() {
    check(|| {
        let queue = Arc::new(Queue::new());
        let lanes = [(); 2].map(|()| pops(&queue));
        queue.close();
        assert!(lanes.into_iter().all(|lane| lane.join().expect("a lane").is_none()));
    });
}

/// Found: a push that wakes a lane only if the queue was empty, a lane that is not counted as asleep in time, one that
/// has searched and wakes nobody for what it leaves, one that looks for more before it counts itself out, and one that
/// wakes up and leaves the mark `waking` or wakes nobody for what it leaves.
#[test]
fn a_job_that_is_pushed_is_popped_without_any_close() {
    fn model() {
        let queue = Arc::new(Queue::new());
        // Each takes one job and is busy with it for ever, so every job needs a lane of its own.
        let lanes = [(); 3].map(|()| pops(&queue));
        for number in 0..3 {
            assert!(queue.push(Job(number)).is_ok());
        }
        assert!(lanes.into_iter().all(|lane| lane.join().expect("a lane").is_some()));
    }
    check(model);
    // Several pushes while one lane searches: few switches at the right places, which chance alone seldom makes.
    shuttle::check_pct(model, SCHEDULES, 4);
}

/// Found: a job that is put back and wakes nobody, and a lane that lets go of the ordered jobs before it has the inbox.
#[test]
fn a_job_that_is_put_back_is_popped() {
    check(|| {
        let queue = Arc::new(Queue::new());
        let lanes = [(); 2].map(|()| pops(&queue));
        for number in 0..2 {
            assert!(queue.put_back(Job(number)).is_ok());
        }
        assert!(lanes.into_iter().all(|lane| lane.join().expect("a lane").is_some()));
    });
}

/// Found: a queue that takes a job back after it was emptied for good, which then waits there alone.
#[test]
fn nothing_is_left_in_a_closed_queue_that_was_emptied() {
    check(|| {
        let queue = Arc::new(Queue::new());
        assert!(queue.push(Job(1)).is_ok() && queue.push(Job(2)).is_ok());
        let taken = queue.try_pop().expect("the first");
        let lane = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.put_back(taken).err())
        };
        queue.close();
        let drained = queue.drain().len();
        let refused = lane.join().expect("a lane").is_some();
        assert_eq!(drained + usize::from(refused), 2);
        assert!(queue.is_over());
    });
}

/// A lane that takes one job.
fn pops(queue: &Arc<Queue<Job>>) -> thread::JoinHandle<Option<Job>> {
    let queue = Arc::clone(queue);
    thread::spawn(move || match queue.pop(None) {
        Popped::Job(job) => Some(job),
        Popped::Idle | Popped::Over => None,
    })
}

/// Found: a permit that wakes nobody when it is given back.
#[test]
fn no_more_wait_than_may_and_everybody_gets_in() {
    check(|| {
        let backlog = Backlog::new(1);
        let inside = Arc::new(AtomicUsize::new(0));
        let submitters = [(); 3].map(|()| {
            let (backlog, inside) = (Arc::clone(&backlog), Arc::clone(&inside));
            thread::spawn(move || {
                let permit = backlog.admit(true);
                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                thread::yield_now();
                inside.fetch_sub(1, Ordering::SeqCst);
                drop(permit);
            })
        });
        for submitter in submitters {
            submitter.join().expect("a submitter");
        }
    });
}

/// Found: a close that wakes one waiter only.
#[test]
fn a_closed_backlog_holds_nobody_back() {
    check(|| {
        let backlog = Backlog::new(1);
        let kept = backlog.admit(true);
        let submitters = [(); 2].map(|()| {
            let backlog = Arc::clone(&backlog);
            thread::spawn(move || backlog.admit(true))
        });
        backlog.close();
        // Nobody gives a permit back before everybody has one.
        let permits = submitters.map(|submitter| submitter.join().expect("a submitter"));
        drop((kept, permits));
    });
}

/// A job that keeps a promise.
struct Kept(Mutex<Option<Promise<()>>>);

impl Kept {
    fn new() -> (Self, TaskFuture<()>) {
        let (promise, future) = promise();
        (Self(Mutex::new(Some(promise))), future)
    }

    fn take(&self) -> Option<Promise<()>> {
        self.0.lock().take()
    }
}

impl Pooled for Kept {
    fn priority(&self) -> i32 {
        0
    }
    fn is_over(&self) -> bool {
        false
    }
    fn refuse(&self, error: TaskError) {
        if let Some(promise) = self.take() {
            promise.fail(error);
        }
    }
}

/// A lane that may never get ready.
struct Keeps {
    is_broken: bool,
}

impl Lane<Kept> for Keeps {
    fn ready(&mut self) -> Result<(), Unready> {
        if self.is_broken { Err(Unready::Lane(Arc::new(PoolError::LanePanicked))) } else { Ok(()) }
    }
    fn run(&mut self, job: Kept, seat: Seat<'_>) {
        drop(seat);
        if let Some(promise) = job.take() {
            let _ = promise.complete(());
        }
    }
}

/// A lane that is ready once, and then is as `then` says.
struct ReadyOnce {
    was: bool,
    then: fn() -> Unready,
}

impl Lane<Kept> for ReadyOnce {
    fn ready(&mut self) -> Result<(), Unready> {
        if std::mem::replace(&mut self.was, true) { Err((self.then)()) } else { Ok(()) }
    }
    fn run(&mut self, _: Kept, _: Seat<'_>) {
        unreachable!("it is not ready when it has a job");
    }
}

/// A pool of two lanes; those of these numbers never get ready.
fn pool(idle_timeout: Option<Duration>, broken: &'static [usize]) -> Arc<Pool<Kept>> {
    let options = PoolOptions {
        max_lanes: 2,
        name_prefix: "model".to_owned(),
        stack_size_bytes: None,
        idle_timeout,
        max_pending: None,
    };
    let made = AtomicUsize::new(0);
    Pool::new(options, move || {
        let number = made.fetch_add(1, Ordering::SeqCst);
        Box::new(Keeps { is_broken: broken.contains(&number) })
    })
}

/// Found: a lane that looks for a last job before it is counted out, one that does not look, and a submitter that
/// counts the lanes before it queues its job.
#[test]
fn no_job_is_lost_to_a_lane_that_ends_for_want_of_jobs() {
    check(|| {
        let pool = pool(Some(Duration::ZERO), &[]);
        for _ in 0..2 {
            let (job, future) = Kept::new();
            pool.submit(job);
            assert!(future.result().is_ok());
        }
        pool.close();
        assert!(pool.join(None));
    });
}

/// Found: a pool that breaks without a look at its queue or without closing it, and one that does not break.
#[test]
fn a_pool_breaks_with_its_last_lane_and_then_ends_every_job() {
    check(|| {
        let pool = pool(None, &[0]);
        let futures = [(); 2].map(|()| {
            let (job, future) = Kept::new();
            pool.submit(job);
            future
        });
        for future in futures {
            // Whether the second lane was started before the first one gave up is chance.
            assert!(matches!(future.result(), Ok(()) | Err(TaskError::PoolBroken { .. })));
        }
        pool.close();
        assert!(pool.join(None));
    });
    check(|| {
        let pool = pool(None, &[0, 1]);
        let futures = [(); 2].map(|()| {
            let (job, future) = Kept::new();
            pool.submit(job);
            future
        });
        for future in futures {
            assert!(matches!(future.result(), Err(TaskError::PoolBroken { .. })));
        }
        assert!(pool.join(None));
    });
}

/// Found: an end that waits for the lanes and not for the jobs.
#[test]
fn a_pool_has_ended_when_all_that_it_took_in_has() {
    check(|| {
        let pool = pool(Some(Duration::ZERO), &[]);
        let (job, first) = Kept::new();
        pool.submit(job);
        assert!(first.result().is_ok());
        let (job, second) = Kept::new();
        pool.submit(job);
        pool.close();
        assert!(pool.join(None));
        assert!(second.is_done());
    });
    // A submitter that has queued its job and has not started a lane yet.
    check(|| {
        let pool = pool(None, &[]);
        let submitter = submits(&pool);
        pool.close();
        assert!(pool.join(None));
        let future = submitter.join().expect("the submitter");
        assert!(future.is_done());
    });
    check(|| {
        let pool = pool(None, &[]);
        let submitter = submits(&pool);
        pool.close();
        pool.take_queued().refuse(|| TaskError::Cancelled);
        assert!(pool.join(None));
        let started = pool.lanes.lock().started;
        let future = submitter.join().expect("the submitter");
        assert_eq!(pool.lanes.lock().started, started);
        assert!(future.is_done());
    });
}

fn submits(pool: &Arc<Pool<Kept>>) -> thread::JoinHandle<TaskFuture<()>> {
    let pool = Arc::clone(pool);
    thread::spawn(move || {
        let (job, future) = Kept::new();
        pool.submit(job);
        future
    })
}

/// Found: a pool that is closed only some time after it has broken, and a lane that counts as ready when it has ended.
#[test]
fn a_broken_pool_is_never_ready() {
    check(|| {
        let pool = pool(None, &[0]);
        pool.grow(1);
        assert!(matches!(pool.wait_ready(), Err(TaskError::PoolBroken { .. })));
    });
    check(|| {
        let pool = pool(Some(Duration::ZERO), &[1]);
        pool.grow(1);
        assert!(pool.wait_ready().is_ok());
        while pool.lanes.lock().live > 0 {
            thread::yield_now();
        }
        pool.grow(1);
        assert!(matches!(pool.wait_ready(), Err(TaskError::PoolBroken { .. })));
    });
}

/// Found: a job that is put back by a lane that was stopped, or lost by one that fails.
#[test]
fn a_job_in_the_hands_of_a_lane_that_cannot_run_it_ends() {
    fn end_of_a_job(then: fn() -> Unready) -> TaskError {
        let options = PoolOptions {
            max_lanes: 1,
            name_prefix: "model".to_owned(),
            stack_size_bytes: None,
            idle_timeout: None,
            max_pending: None,
        };
        let pool = Pool::new(options, move || Box::new(ReadyOnce { was: false, then }));
        let (job, future) = Kept::new();
        pool.submit(job);
        pool.close();
        assert!(pool.join(None));
        future.result().expect_err("nobody can run it")
    }

    check(|| {
        assert!(matches!(end_of_a_job(|| Unready::Stopped), TaskError::Cancelled));
        let failed = || Unready::Lane(Arc::new(PoolError::LanePanicked));
        assert!(matches!(end_of_a_job(failed), TaskError::PoolBroken { .. }));
    });
}

/// Found: a lane that ends without telling.
#[test]
fn a_job_submitted_while_the_pool_is_shut_down_runs_or_is_refused() {
    check(|| {
        let pool = pool(Some(Duration::ZERO), &[]);
        let submitter = thread::spawn({
            let pool = Arc::clone(&pool);
            move || {
                let (job, future) = Kept::new();
                pool.submit(job);
                future.result()
            }
        });
        pool.close();
        pool.take_queued().refuse(|| TaskError::Cancelled);
        assert!(pool.join(None));
        let result = submitter.join().expect("the submitter");
        assert!(matches!(result, Ok(()) | Err(TaskError::Cancelled | TaskError::PoolShutDown)), "{result:?}");
    });
}
