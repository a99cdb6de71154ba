//! Models of a job's two ends and of its scope, under random schedules.
//!
//! Run with `RUSTFLAGS="--cfg shuttle" cargo test -p executor-runtime --lib models`:
//! then `sync` hands out shuttle's locks, and shuttle chooses who runs next at each
//! of them. A waiter that nobody wakes is a deadlock, which it reports.

use std::collections::VecDeque;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use shuttle::thread;

use super::home::{Home, Seat};
use super::local::{Local, LocalRun, LocalSource, Places};
use crate::error::TaskError;
use crate::future::{Group, Handle, ReturnWhen, TaskFuture, as_completed, promise, wait};
use crate::sync::Mutex;

/// Enough that each of the bugs named below was found every time.
const SCHEDULES: usize = 3_000;

/// Set when it is dropped.
struct Flag(Arc<AtomicBool>);

impl Drop for Flag {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn check(model: impl Fn() + Send + Sync + 'static) {
    shuttle::check_random(model, SCHEDULES);
}

/// A job outside of any pool, and its future.
fn job<T: Send + 'static>(closure: impl FnOnce() -> T + Send + 'static) -> (Arc<dyn LocalRun>, TaskFuture<T>) {
    let job: Arc<dyn LocalSource<T>> =
        Local::new(move || Ok(closure()), Home::new(), Places::default(), Location::caller());
    (Arc::<dyn LocalSource<T>>::clone(&job), TaskFuture::new(job))
}

fn in_scope(group: &Arc<Group>) -> Places {
    Places { permit: None, membership: Some(group.enter()) }
}

#[test]
fn a_job_runs_or_is_cancelled_and_never_both() {
    check(|| {
        let ran = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&ran);
        let (job, future) = job(move || counter.fetch_add(1, Ordering::SeqCst));
        let lane = thread::spawn(move || job.run(Seat::none()));
        let cancelled = future.cancel();
        let result = future.result();
        lane.join().expect("the lane");
        assert_eq!(cancelled, matches!(result, Err(TaskError::Cancelled)));
        assert_eq!(ran.load(Ordering::SeqCst), usize::from(!cancelled));
    });
}

/// Has a future ended by `finish`, cancelled, waited for and given a callback, all at once, and checks that all of
/// them tell the same story. `finish` says whether it ended the future with its value, 5.
fn race(future: TaskFuture<i32>, finish: impl FnOnce() -> bool + Send + 'static) {
    let future = Arc::new(future);
    let (handle, looked_at, called_back) = (future.handle(), Arc::clone(&future), Arc::clone(&future));
    let (values, errors) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (ok, err) = (Arc::clone(&values), Arc::clone(&errors));

    let ends = thread::spawn(finish);
    let cancels = thread::spawn(move || handle.cancel());
    let looker = thread::spawn(move || looked_at.error());
    let adder = thread::spawn(move || {
        called_back.on_done(move |result| {
            let seen = if result.is_ok() { ok } else { err };
            seen.fetch_add(1, Ordering::SeqCst);
        });
    });
    let error = future.error();
    let finished = ends.join().expect("the finisher");
    let cancelled = cancels.join().expect("the canceller");
    adder.join().expect("the adder");

    assert_ne!(finished, cancelled);
    for error in [error, looker.join().expect("the looker")] {
        assert_eq!(matches!(error, Some(TaskError::Cancelled)), cancelled);
        assert_eq!(error.is_none(), finished);
    }
    let seen = (values.load(Ordering::SeqCst), errors.load(Ordering::SeqCst));
    assert_eq!(seen, (usize::from(finished), usize::from(cancelled)));
    let future = Arc::into_inner(future).expect("the others have ended");
    assert_eq!(future.result().ok(), finished.then_some(5));
}

/// Found: an error that is looked at while a late callback has the result.
#[test]
fn everybody_sees_the_same_end_of_a_job() {
    check(|| {
        let ran = Arc::new(AtomicBool::new(false));
        let runs = Arc::clone(&ran);
        let (job, future) = job(move || {
            runs.store(true, Ordering::SeqCst);
            5
        });
        race(future, move || {
            job.run(Seat::none());
            ran.load(Ordering::SeqCst)
        });
    });
}

/// Found: a promise that asks whether it was cancelled and then settles, instead of claiming first.
#[test]
fn everybody_sees_the_same_end_of_a_promise() {
    check(|| {
        let (promise, future) = promise();
        race(future, move || promise.complete(5).is_ok());
    });
    check(|| {
        let (promise, future) = promise();
        race(future, move || promise.start().map(|running| running.complete(5)).is_some());
    });
}

/// Found: a promise whose drop ends only what was started, and one whose drop ends only what was not.
#[test]
fn an_abandoned_promise_leaves_nobody_waiting() {
    check(|| {
        let (promise, future) = promise::<i32>();
        let keeper = thread::spawn(move || drop(promise));
        assert!(matches!(future.result(), Err(TaskError::Abandoned)));
        keeper.join().expect("the keeper");
    });
    check(|| {
        let (promise, future) = promise::<i32>();
        let handle = future.handle();
        let keeper = thread::spawn(move || promise.start().map(drop).is_some());
        let cancels = thread::spawn(move || handle.cancel());
        let error = future.result().expect_err("nobody has a value");
        let (started, cancelled) = (keeper.join().expect("the keeper"), cancels.join().expect("the canceller"));
        assert_eq!(matches!(error, TaskError::Abandoned), started);
        assert_eq!(matches!(error, TaskError::Cancelled), cancelled);
    });
}

/// Two workers and three jobs, each of which waits for the next, so that no worker can be spared for the last.
///
/// Found: a worker that does not help (nobody goes on), and a run that does not claim its job first.
#[test]
fn workers_of_a_full_pool_that_wait_for_each_other_go_on() {
    fn pop(queue: &Mutex<VecDeque<Arc<dyn LocalRun>>>) -> Option<Arc<dyn LocalRun>> {
        queue.lock().pop_front()
    }

    check(|| {
        let home = Home::new();
        let ran = Arc::new(AtomicUsize::new(0));
        let queue = Arc::new(Mutex::new(VecDeque::new()));
        let mut next: Option<TaskFuture<usize>> = None;
        for _ in 0..3 {
            let (ran, awaited) = (Arc::clone(&ran), next.take());
            let closure = move || {
                ran.fetch_add(1, Ordering::SeqCst);
                awaited.map_or(Ok(0), |future| future.result().map(|depth| depth + 1))
            };
            let job: Arc<dyn LocalSource<usize>> = Local::new(closure, home, Places::default(), Location::caller());
            // The one that waits for all others comes first.
            let queued: Arc<dyn LocalRun> = Arc::<dyn LocalSource<usize>>::clone(&job);
            queue.lock().push_front(queued);
            next = Some(TaskFuture::new(job));
        }
        let workers: Vec<_> = (0..2)
            .map(|_| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || {
                    home.enter();
                    while let Some(job) = pop(&queue) {
                        job.run(Seat::none());
                    }
                })
            })
            .collect();
        assert_eq!(next.expect("the last future").result().ok(), Some(2));
        for worker in workers {
            worker.join().expect("a worker");
        }
        assert_eq!(ran.load(Ordering::SeqCst), 3);
    });
}

/// Found: a waiter that checks the stage without holding the lock until it sleeps.
#[test]
fn every_waiter_is_woken() {
    check(|| {
        let (first, early) = job(|| 1);
        let (second, late) = job(|| 2);
        let lane = thread::spawn(move || {
            first.run(Seat::none());
            second.run(Seat::none());
        });
        let canceller = thread::spawn(move || late.cancel());
        assert_eq!(early.result().ok(), Some(1));
        lane.join().expect("the lane");
        canceller.join().expect("the canceller");
    });
}

/// Found: callbacks taken once instead of until there are none left.
#[test]
fn every_callback_runs_once_and_before_the_value_can_be_taken() {
    check(|| {
        let calls = Arc::new(AtomicUsize::new(0));
        let (job, future) = job(|| 5);
        let call = |calls: &Arc<AtomicUsize>| {
            let calls = Arc::clone(calls);
            move |result: Result<&i32, &TaskError>| {
                assert_eq!(result.ok(), Some(&5));
                calls.fetch_add(1, Ordering::SeqCst);
            }
        };
        future.on_done(call(&calls));
        let lane = thread::spawn(move || job.run(Seat::none()));
        let future = Arc::new(future);
        let (adder, more) = (Arc::clone(&future), call(&calls));
        let other = thread::spawn(move || adder.on_done(more));
        future.on_done(call(&calls));
        other.join().expect("the other thread");
        let future = Arc::into_inner(future).expect("the other thread has ended");
        assert_eq!(future.result().ok(), Some(5));
        assert_eq!(calls.load(Ordering::SeqCst), 3);
        lane.join().expect("the lane");
    });
}

#[test]
fn several_futures_can_be_waited_for() {
    check(|| {
        let (jobs, futures): (Vec<_>, Vec<_>) = (0..3).map(|n| job(move || n)).unzip();
        let lanes: Vec<_> = jobs.into_iter().map(|job| thread::spawn(move || job.run(Seat::none()))).collect();
        let first = wait(&futures, None, ReturnWhen::FirstCompleted);
        assert!(!first.done.is_empty());
        let mut values: Vec<i32> = as_completed(futures).filter_map(|future| future.result().ok()).collect();
        values.sort_unstable();
        assert_eq!(values, [0, 1, 2]);
        for lane in lanes {
            lane.join().expect("the lane");
        }
    });
}

/// Found: a membership dropped before the core is settled, and a value left in the core of a lost future.
#[test]
fn a_scope_ends_after_closure_and_value_are_dropped() {
    check(|| {
        let group = Arc::new(Group::default());
        let [closure_gone, value_gone] = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
        let (captured, value) = (Flag(Arc::clone(&closure_gone)), Flag(Arc::clone(&value_gone)));
        let closure = move || {
            let _captured = captured;
            Ok(value)
        };
        let job: Arc<dyn LocalSource<Flag>> = Local::new(closure, Home::new(), in_scope(&group), Location::caller());
        let handle: Arc<dyn Handle> = Arc::<dyn LocalSource<Flag>>::clone(&job);
        group.add(Arc::downgrade(&handle));
        let future = TaskFuture::new(Arc::<dyn LocalSource<Flag>>::clone(&job));
        // The queue's shell outlives the scope.
        let shell = Arc::clone(&handle);
        let lane = thread::spawn(move || job.run(Seat::none()));
        let owner = thread::spawn(move || drop(future));
        owner.join().expect("the owner");
        group.close(false);
        assert!(closure_gone.load(Ordering::SeqCst) && value_gone.load(Ordering::SeqCst));
        drop((shell, handle));
        lane.join().expect("the lane");
    });
}

/// Found: a group that does not tell the waiting scope of a new job.
#[test]
fn a_failed_scope_cancels_what_comes_late() {
    check(|| {
        let group = Arc::new(Group::default());
        let submitter = Arc::clone(&group);
        let membership = group.enter();
        let late = thread::spawn(move || {
            let job = Local::new(|| Ok(1), Home::new(), in_scope(&submitter), Location::caller());
            let handle: Arc<dyn Handle> = Arc::<Local<_, _>>::clone(&job);
            submitter.add(Arc::downgrade(&handle));
            drop(membership);
            // No lane runs it, so only the scope can end it.
            TaskFuture::new(job).result()
        });
        group.close(true);
        assert!(matches!(late.join().expect("the submitter"), Err(TaskError::Cancelled)));
    });
}
