//! A job that runs in this process: closure, core and scope membership in one
//! allocation, shared by the queue and the future.

use std::panic::Location;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::backlog::Permit;
use super::call::CallOptions;
use super::deadline::{Expire, watch};
use super::{Home, Seat, at_home, panics};
use crate::error::{PoolError, TaskError};
use crate::future::{Core, Handle, Membership, Source, Status, TaskFuture};
use crate::sync::Mutex;

/// A job as a thread pool's queue holds it.
pub(crate) trait LocalRun: Handle + Expire {
    /// Runs the job unless it was cancelled.
    fn run(&self, seat: Seat<'_>);

    /// Has the job's future end at `limit` after the start. `itself` is this job: its type may have a lifetime,
    /// so it cannot make a reference to itself that has none.
    fn limit(&self, limit: Duration, itself: Weak<dyn Expire>);
}

/// Both ends of a job: the queue's and the future's.
pub(crate) trait LocalSource<T>: Source<T> + LocalRun {}

impl<T: Send, F> LocalSource<T> for Local<T, F> where F: FnOnce() -> Result<T, TaskError> + Send {}

/// See the module. `F` gives the value, or says why the executor failed.
pub(crate) struct Local<T, F> {
    core: Core<T>,
    /// `None` once the job runs or is refused: then nothing keeps what the
    /// closure owned, however long the queue keeps the shell.
    work: Mutex<Option<Work<F>>>,
    home: Home,
}

/// Fields are dropped in this order: the membership proves that the closure is gone.
struct Work<F> {
    closure: F,
    /// Boxed, since few jobs have one.
    limit: Option<Box<Limit>>,
    places: Places,
}

/// How long a job may run, and the job itself.
struct Limit {
    limit: Duration,
    itself: Weak<dyn Expire>,
}

impl Limit {
    /// Arranges that the job's future ends at the limit.
    fn arm(self) -> Result<(), TaskError> {
        watch(self.limit, self.itself).map_err(|error| {
            let cause = Arc::new(PoolError::SpawnThread(error));
            TaskError::PoolBroken { cause }
        })
    }
}

/// Where a job counts for as long as it has not started, and for as long as it has not ended.
#[derive(Default)]
pub(crate) struct Places {
    pub(crate) permit: Option<Permit>,
    pub(crate) membership: Option<Membership>,
}

impl<T: Send, F> Local<T, F>
where
    F: FnOnce() -> Result<T, TaskError> + Send,
{
    /// `at` is where the job was submitted.
    pub(crate) fn new(closure: F, home: Home, places: Places, at: &'static Location<'static>) -> Arc<Self> {
        let work = Mutex::new(Some(Work { closure, limit: None, places }));
        Arc::new(Self { core: Core::new(at), work, home })
    }

    fn take_work(&self) -> Option<Work<F>> {
        self.work.lock().take()
    }
}

impl<T: Send, F> Handle for Local<T, F>
where
    F: FnOnce() -> Result<T, TaskError> + Send,
{
    fn refuse(&self, error: TaskError) -> bool {
        let mut membership = None;
        let refused = self.core.refuse(error, || {
            let Work { closure, places, .. } = self.take_work().expect("a job is claimed once");
            membership = places.membership;
            // The closure's destructor may submit, and so may callbacks, which come next: its own place is free by then.
            drop(places.permit);
            drop(closure);
        });
        // Last: from here on the job's scope may end.
        drop(membership);
        refused
    }

    fn status(&self) -> &dyn Status {
        &self.core
    }

    fn help(&self) {
        if at_home(self.home) {
            self.run(Seat::none());
        }
    }
}

impl<T: Send, F> Source<T> for Local<T, F>
where
    F: FnOnce() -> Result<T, TaskError> + Send,
{
    fn core(&self) -> &Core<T> {
        &self.core
    }
}

impl<T: Send, F> LocalRun for Local<T, F>
where
    F: FnOnce() -> Result<T, TaskError> + Send,
{
    fn run(&self, seat: Seat<'_>) {
        if !self.core.begin() {
            return;
        }
        let Work { closure, limit, places } = self.take_work().expect("a job is claimed once");
        let Places { permit, membership } = places;
        drop(permit);
        let result = limit.map_or(Ok(()), |limit| limit.arm()).and_then(|()| panics::catch(closure).flatten());
        self.core.settle(result, || drop(seat));
        // Last: from here on the job's scope may end.
        drop(membership);
    }

    fn limit(&self, limit: Duration, itself: Weak<dyn Expire>) {
        // A job's limit is set once, before it is queued.
        if let Some(work) = &mut *self.work.lock() {
            work.limit = Some(Box::new(Limit { limit, itself }));
        }
    }
}

impl<T: Send, F> Expire for Local<T, F>
where
    F: Send,
{
    fn expire(&self, limit: Duration) {
        self.core.settle(Err(TaskError::TimedOut { limit, attempts: 1, goes_on: true }), || ());
    }
}

/// A job for an executor that runs tasks in this process: what [`Run::detach`](super::Run::detach) gives.
/// (Python: the `_WorkItem` of its thread pool.)
///
/// It borrows nothing and can be queued. Dropping it unrun ends its future with [`TaskError::PoolShutDown`].
///
/// # Cancellation
///
/// A job whose future was cancelled is a shell: its arguments are gone, and running it does nothing.
///
/// # Examples
///
/// An executor that runs its calls when it is told to:
///
/// ```
/// use std::sync::{Mutex, PoisonError};
///
/// use executor_runtime::prelude::*;
/// use executor_runtime::{LocalJob, Run};
///
/// #[derive(Default)]
/// struct Later {
///     jobs: Mutex<Vec<LocalJob>>,
/// }
///
/// impl Later {
///     fn run_all(&self) {
///         // Jobs run outside of the lock: they may submit others.
///         let jobs = std::mem::take(&mut *self.jobs.lock().unwrap_or_else(PoisonError::into_inner));
///         jobs.into_iter().for_each(LocalJob::run);
///     }
/// }
///
/// impl Executor for Later {
///     fn start(&self, run: Run<'_>) {
///         self.jobs.lock().unwrap_or_else(PoisonError::into_inner).extend(run.detach());
///     }
///
///     fn shutdown(&self, _: Shutdown) {
///         self.run_all();
///     }
/// }
///
/// #[pool_task(process)]
/// fn square(n: u64) -> u64 {
///     n * n
/// }
///
/// # fn main() -> Result<(), TaskError> {
/// let later = Later::default();
/// let (kept, cancelled) = (later.submit(square::task(3)), later.submit(square::task(4)));
/// assert!(cancelled.cancel());
/// later.run_all();
/// assert_eq!(kept.result()?, 9);
/// # Ok(())
/// # }
/// ```
pub struct LocalJob {
    job: Arc<dyn LocalRun>,
    priority: i32,
}

impl LocalJob {
    pub(crate) fn new(job: Arc<dyn LocalRun>, options: CallOptions) -> Self {
        let CallOptions { limit, priority, .. } = options;
        if let Some(limit) = limit {
            let itself: Arc<dyn Expire> = Arc::<dyn LocalRun>::clone(&job);
            job.limit(limit, Arc::downgrade(&itself));
        }
        Self { job, priority }
    }

    /// Which of the waiting jobs is to start first: see [`Call::priority`](super::Call::priority).
    pub fn priority(&self) -> i32 {
        self.priority
    }

    /// Runs the job in the calling thread, unless it was cancelled.
    ///
    /// Its [time limit](super::Call::timeout) counts from here. Callbacks run here, too.
    ///
    /// # Panics
    ///
    /// Never: a panic of the job, or of a callback, goes no further.
    pub fn run(self) {
        self.run_in(Seat::none());
    }

    pub(crate) fn run_in(self, seat: Seat<'_>) {
        self.job.run(seat);
    }

    /// Ends the job with `error` if it has not started; whether it had not.
    ///
    /// With [`TaskError::Cancelled`] it is a cancellation. Callbacks run in the calling thread.
    pub fn refuse(&self, error: TaskError) -> bool {
        self.job.refuse(error)
    }

    /// Whether it has ended: it was cancelled, or run by whoever waited for it.
    pub(crate) fn is_over(&self) -> bool {
        self.job.status().state().is_done()
    }
}

impl Drop for LocalJob {
    fn drop(&mut self) {
        // Without effect on a job that has started.
        self.refuse(TaskError::PoolShutDown);
    }
}

/// A future that failed before there was a job.
pub(crate) fn failed<T: Send + 'static>(error: TaskError, at: &'static Location<'static>) -> TaskFuture<T> {
    let job = Local::new(|| Err(TaskError::Cancelled), Home::new(), Places::default(), at);
    job.refuse(error);
    TaskFuture::new(job)
}
