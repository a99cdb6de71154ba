//! What a lane is to its pool.

use std::sync::Arc;

use super::queue::Popped;
use super::{Pool, Pooled};
use crate::error::PoolError;
use crate::future::contained;
use crate::task::Seat;

/// What runs the jobs of one lane, one after the other.
pub(crate) trait Lane<J> {
    /// Gets ready for the next job; an error ends the lane.
    fn ready(&mut self) -> Result<(), Unready>;

    /// Runs one job. Gives `seat` back before anybody learns of the job's end.
    fn run(&mut self, job: J, seat: Seat<'_>);
}

/// What runs the jobs of one lane and takes them off the queue, as many and when it likes.
pub(crate) trait FreeLane<J: Pooled> {
    /// Gets ready for the next job; an error ends the lane.
    fn ready(&mut self, pool: &Arc<Pool<J>>) -> Result<(), Unready>;

    /// Runs jobs, or waits for one, until it has to get ready again or is to end.
    fn work(&mut self, pool: &Arc<Pool<J>>) -> Result<Worked, Unready>;
}

/// Why a lane has stopped working.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Worked {
    /// It goes on when it has got ready.
    Done,
    /// No job came for too long.
    Idle,
    /// The pool is closed and has no job.
    Over,
}

/// A lane that waits in the queue for its next job.
pub(super) struct Waiting<L>(pub(super) L);

impl<J: Pooled + Send + 'static, L: Lane<J> + ?Sized> FreeLane<J> for Waiting<Box<L>> {
    fn ready(&mut self, _: &Arc<Pool<J>>) -> Result<(), Unready> {
        self.0.ready()
    }

    fn work(&mut self, pool: &Arc<Pool<J>>) -> Result<Worked, Unready> {
        match pool.queue.pop(pool.options.idle_timeout) {
            // It may have lost what it needs while it waited for the job.
            Popped::Job(job) => match self.0.ready() {
                Ok(()) => {
                    // Jobs catch their own panics; what is left are panics of destructors, which the hook has reported
                    // and which must not cost a lane.
                    contained(|| self.0.run(job, Seat::new(&pool.load)));
                    Ok(Worked::Done)
                }
                Err(unready) => {
                    pool.return_job(job, &unready);
                    Err(unready)
                }
            },
            Popped::Idle => Ok(Worked::Idle),
            Popped::Over => Ok(Worked::Over),
        }
    }
}

/// Why a lane cannot take a job.
pub(crate) enum Unready {
    /// Another lane might.
    Lane(Arc<PoolError>),
    /// Nor can any other: the pool is broken.
    Pool(Arc<PoolError>),
    /// The pool was aborted: no lane has to get ready any more.
    Stopped,
}
