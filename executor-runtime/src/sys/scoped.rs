//! Jobs that borrow from the frame of a scope, as `std::thread::scope` does it.
//!
//! A pool's queue holds jobs without a lifetime. Here the lifetime is taken off
//! a job, and here is the wait that makes up for it, so that no other module
//! has to keep a promise:
//!
//! 1. A job's closure, and what it gives, live for `'scope` at least.
//! 2. [`enter`] ends only when the group is empty, also by panic; `'scope` is a
//!    lifetime that its body cannot choose, so it ends after [`enter`] does.
//! 3. A membership is dropped last of all the job owns (see `future::group`):
//!    what is left in the queue or in a handle afterwards is a shell without a
//!    value of the scope's types, which can be dropped at any time.
//! 4. The value may be in the future's hands. The future's type names it, so the
//!    compiler keeps it within its lifetime: a future that is dropped takes the
//!    value out of the core, and one that is forgotten keeps the core for ever.
//! 5. A [`TaskHandle`](crate::TaskHandle) names no type and may outlive all of it. It reaches the job through
//!    `future::Handle` only: that drops the closure if the job has not ended,
//!    hence within 'scope, and else tells what needs no value. Dropping the last
//!    one drops a shell, by 3 and 4.

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::sync::Arc;

use crate::error::TaskError;
use crate::future::{Group, Handle, TaskFuture};
use crate::task::{CallOptions, Home, Local, LocalJob, LocalSource, Permit, Places};

/// A scope on the pool `P`: jobs submitted through it may borrow whatever lives longer than the scope.
///
/// `'scope` is the scope's own lifetime, `'env` the one of what it may borrow. It is named
/// [`ThreadScope`](crate::ThreadScope), and follows [`std::thread::Scope`]. (Python has none.)
pub struct Scoped<'scope, 'env: 'scope, P> {
    group: Arc<Group>,
    home: Home,
    pool: P,
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// Runs `body` with a scope, and returns when everything submitted through the scope has ended.
///
/// What has not started then is cancelled if `cancels` says so of what `body` returned; `None`: it panicked.
pub(crate) fn enter<'env, P, R>(
    pool: P,
    home: Home,
    cancels: impl FnOnce(Option<&R>) -> bool,
    body: impl for<'scope> FnOnce(&'scope Scoped<'scope, 'env, P>) -> R,
) -> R {
    let group = Arc::new(Group::default());
    let scope = Scoped { group, home, pool, scope: PhantomData, env: PhantomData };
    let result = catch_unwind(AssertUnwindSafe(|| body(&scope)));
    // Nothing below unwinds; if it did, jobs could run on a frame that is gone.
    let stay = AbortOnUnwind;
    scope.group.close(cancels(result.as_ref().ok()));
    std::mem::forget(stay);
    result.unwrap_or_else(|panic| resume_unwind(panic))
}

/// Ends the process if it is dropped.
struct AbortOnUnwind;

impl Drop for AbortOnUnwind {
    fn drop(&mut self) {
        std::process::abort();
    }
}

impl<'scope, P> Scoped<'scope, '_, P> {
    /// The pool below.
    pub(crate) fn pool(&self) -> &P {
        &self.pool
    }

    /// What the scope waits for.
    pub(crate) fn group(&self) -> &Arc<Group> {
        &self.group
    }

    /// A job for the pool's queue that was submitted `at` this place, and its future.
    pub(crate) fn job<T, F>(
        &'scope self,
        closure: F,
        options: CallOptions,
        permit: Option<Permit>,
        at: &'static Location<'static>,
    ) -> (LocalJob, TaskFuture<T>)
    where
        T: Send + 'scope,
        F: FnOnce() -> Result<T, TaskError> + Send + 'scope,
    {
        let places = Places { permit, membership: Some(self.group.enter()) };
        let job: Arc<dyn LocalSource<T> + 'scope> = Local::new(closure, self.home, places, at);
        // SAFETY: only the lifetime changes. By the module's rules nothing of the
        // scope's types is left in the job when 'scope ends.
        let job: Arc<dyn LocalSource<T>> =
            unsafe { std::mem::transmute::<Arc<dyn LocalSource<T> + 'scope>, Arc<dyn LocalSource<T>>>(job) };
        let handle: Arc<dyn Handle> = Arc::<dyn LocalSource<T>>::clone(&job);
        self.group.add(Arc::downgrade(&handle));
        (LocalJob::new(Arc::<dyn LocalSource<T>>::clone(&job), options), TaskFuture::new(job))
    }
}
