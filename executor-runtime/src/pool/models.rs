//! Models of the queue and of the backlog, under random schedules: see
//! `task::models` for how they run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use shuttle::thread;

use super::Pooled;
use super::queue::{Popped, Queue};
use crate::error::TaskError;
use crate::task::Backlog;

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

/// Found: a close that wakes one lane only, a lane that looks at `closed` before it looks for a job, one that lets
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

/// Found: a push that wakes a lane only if the queue was empty, and a lane that is not counted as asleep in time.
#[test]
fn a_job_that_is_pushed_is_popped_without_any_close() {
    check(|| {
        let queue = Arc::new(Queue::new());
        let lanes = [(); 2].map(|()| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || matches!(queue.pop(None), Popped::Job(_)))
        });
        for number in 0..2 {
            assert!(queue.push(Job(number)).is_ok());
        }
        assert!(lanes.into_iter().all(|lane| lane.join().expect("a lane")));
    });
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
