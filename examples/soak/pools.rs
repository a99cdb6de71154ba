//! One pool after the other, each with tasks of all kinds from several threads.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use executor_runtime::prelude::*;
use executor_runtime::{ProcessJob, TaskError, TaskHandle, Transport};

use crate::account::{Account, Kind};
use crate::causes::Closing;
use crate::patience::{HANG, lost, watched};
use crate::tasks::{aborts, again, bytes, exits, leaves, long, mixed, never_ends, one_of_many, panics, quick};

/// Runs a pool for some seconds, at most until `end`, and ends it in one of the ways there are.
pub(crate) fn run_one(random: &mut fastrand::Rng, end: Instant, account: &Account) -> Result<(), PoolError> {
    let mut builder = ProcessPoolExecutor::builder().max_workers(random.usize(1..=6));
    if random.u8(0..4) == 0 {
        builder = builder.transport(Transport::IpcChannel);
    }
    if random.bool() {
        builder = builder.max_tasks_per_child(random.usize(1..200));
    }
    if random.bool() {
        builder = builder.max_pending(random.usize(1..500));
    }
    if random.u8(0..3) == 0 {
        builder = builder.kill_grace(Duration::from_millis(random.u64(1..50)));
    }
    let pool = builder.build()?;
    let end = end.min(Instant::now() + Duration::from_millis(random.u64(500..6_000)));
    let is_cut_short = random.u8(0..3) == 0;
    let (closing, is_over) = (Closing::default(), AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..random.u8(1..=3) {
            let (random, pool, closing, is_over) = (random.fork(), &pool, &closing, &is_over);
            scope.spawn(move || {
                Submitter { random, pool, closing, account, in_flight: VecDeque::new() }.run(end, is_over);
            });
        }
        if is_cut_short {
            // While they submit.
            thread::sleep(end.saturating_duration_since(Instant::now()) / 2);
            let how = match random.u8(0..4) {
                0 => Shutdown::Drain,
                1 => Shutdown::CancelPending,
                2 => Shutdown::Abort { grace: Duration::ZERO },
                _ => Shutdown::Abort { grace: Duration::from_millis(20) },
            };
            watched("a shutdown", |_| closing.shut_down(&pool, how));
            is_over.store(true, Ordering::Relaxed);
        }
    });
    watched("the end of a pool", |_| pool.shutdown(Shutdown::Drain));
    Ok(())
}

/// A thread that submits tasks and waits for some of them.
struct Submitter<'p> {
    random: fastrand::Rng,
    pool: &'p ProcessPoolExecutor,
    closing: &'p Closing,
    account: &'p Account,
    /// What was submitted and not waited for, the oldest first.
    in_flight: VecDeque<InFlight<'p>>,
}

/// A task without its type.
struct InFlight<'p> {
    handle: TaskHandle,
    /// This one was cancelled or killed, and not only with all of its pool.
    was_cancelled: Arc<AtomicBool>,
    /// Waits for it and accounts for it.
    finish: Box<dyn FnOnce() + 'p>,
}

impl<'p> Submitter<'p> {
    fn run(mut self, end: Instant, is_over: &AtomicBool) {
        // From one task at a time to floods.
        let mut most = 1;
        while Instant::now() < end && !is_over.load(Ordering::Relaxed) {
            if self.random.u8(0..100) == 0 {
                most = [1, 4, 30, 300][self.random.usize(0..4)];
            }
            if self.random.u8(0..200) == 0 {
                self.chunks();
            } else {
                self.submit();
            }
            if self.random.u8(0..20) == 0 {
                self.trouble();
            }
            while self.in_flight.len() > most {
                self.finish_first();
            }
        }
        while !self.in_flight.is_empty() {
            self.finish_first();
        }
    }

    fn submit(&mut self) {
        let n = self.random.u64(..);
        match self.random.u32(0..1000) {
            0..700 => self.one(Kind::Quick, quick::task(n), move |value| *value == mixed(n)),
            700..820 => {
                let most = 1 << self.random.u32(4..20);
                let mut data = vec![0; self.random.usize(0..most)];
                data.iter_mut().step_by(97).for_each(|byte| *byte = self.random.u8(..));
                let expected = bytes(n, data.clone());
                self.one(Kind::Bytes, bytes::task(n, data), move |value| *value == expected);
            }
            820..900 => {
                let time = Duration::from_micros(self.random.u64(0..5_000));
                self.one(Kind::Long, long::task(n, time), move |value| *value == mixed(n));
            }
            900..930 => self.one(Kind::Again, again::task(n), move |value| *value == mixed(n)),
            930..950 => self.one(Kind::Panics, panics::task(n), |_| false),
            950..960 => self.one(Kind::Aborts, aborts::task(), |()| false),
            960..970 => {
                let code = self.random.i32(0..4);
                self.one(Kind::Exits, exits::task(code), |()| false);
            }
            970..985 => {
                let limit = Duration::from_millis(self.random.u64(1..60));
                self.one(Kind::TimesOut, never_ends::task().timeout(limit), |()| false);
            }
            985..995 => self.doomed(),
            _ => self.one(Kind::Leaves, leaves::task(n), move |value| *value == mixed(n)),
        }
    }

    /// Submits a call, whose end is waited for, or told to a callback.
    fn one<J>(&mut self, kind: Kind, call: J, is_right: impl Fn(&J::Output) -> bool + Send + 'static)
    where
        J: ProcessJob,
    {
        self.account.submit(kind);
        let future = self.pool.submit(call);
        // Looked at after it was submitted: so one that did not come late was submitted before the shutdown.
        let came_late = self.closing.is_closed();
        let (handle, account, closing) = (future.handle(), self.account, self.closing);
        let was_cancelled = Arc::<AtomicBool>::default();
        let causes = {
            let was_cancelled = Arc::clone(&was_cancelled);
            move || {
                let mut causes = closing.causes();
                causes.may_be_cancelled |= was_cancelled.load(Ordering::Relaxed);
                causes.may_be_shut_down |= came_late;
                causes
            }
        };
        let finish: Box<dyn FnOnce() + 'p> = match self.random.u8(0..4) {
            0 => {
                let (tell, told) = std::sync::mpsc::channel();
                future.on_done(move |result| {
                    // A value is looked at here, since it stays with the future; that is dropped by then.
                    let told = result.map(&is_right).map_err(Clone::clone);
                    tell.send(told).expect("somebody waits");
                });
                drop(future);
                Box::new(move || {
                    let told =
                        told.recv_timeout(HANG).unwrap_or_else(|_| lost(format_args!("a task of the kind {kind:?}")));
                    account.end(kind, causes(), told.as_ref(), |is_right| *is_right);
                })
            }
            _ => Box::new(move || {
                let mut future = future;
                let result =
                    future.result_timeout(HANG).unwrap_or_else(|_| lost(format_args!("a task of the kind {kind:?}")));
                account.end(kind, causes(), result.as_ref(), is_right);
            }),
        };
        self.in_flight.push_back(InFlight { handle, was_cancelled, finish });
    }

    /// One that never ends, and is killed sooner or later.
    fn doomed(&mut self) {
        self.one(Kind::Killed, never_ends::task(), |()| false);
        let Some(InFlight { handle, was_cancelled, .. }) = self.in_flight.back() else { return };
        let (handle, was_cancelled) = (handle.clone(), Arc::clone(was_cancelled));
        let patience = Duration::from_millis(self.random.u64(0..30));
        thread::spawn(move || {
            thread::sleep(patience);
            // Before: it may be waited for, and accounted for, while this thread does not run.
            was_cancelled.store(true, Ordering::Relaxed);
            handle.kill()
        });
    }

    fn chunks(&mut self) {
        let first = self.random.u64(0..u64::MAX / 2);
        let calls = self.random.u64(1..3_000);
        // In most of them nobody is bad.
        let bad = first + self.random.u64(0..4 * calls);
        let kind = move |n| if n == bad { Kind::DiesInChunk } else { Kind::InChunk };
        let (account, closing) = (self.account, self.closing);
        // A call is submitted when the map makes it of an item, which is long before it has a result, or has lost it.
        let make = move |n| {
            account.submit(kind(n));
            one_of_many::task(n, bad)
        };
        let mut map = self.pool.map(make, first..first + calls);
        if self.random.bool() {
            map = map.chunk_size(self.random.usize(1..200));
        }
        let (mut given, mut was_refused) = (0, false);
        watched("a map", |going_on| {
            for (n, result) in (first..).zip(map) {
                // Nobody cancels what a map has submitted. When it did so is not known, so it may have been too late.
                let mut causes = closing.causes();
                causes.may_be_shut_down |= closing.is_closed();
                account.end(kind(n), causes, result.as_ref(), |value| *value == mixed(n));
                given += 1;
                was_refused |= matches!(result, Err(TaskError::PoolShutDown));
                going_on.send(()).expect("somebody listens");
            }
        });
        // After such a result it makes no more calls. Those that it has made are in the account like any other.
        if !was_refused {
            account.end_map(calls, given);
        }
    }

    /// Cancels or kills one of those that are under way.
    fn trouble(&mut self) {
        let Some(place) = self.in_flight.len().checked_sub(1).map(|last| self.random.usize(0..=last)) else { return };
        let InFlight { handle, was_cancelled, .. } = &self.in_flight[place];
        // If it says no, it has done nothing to the task.
        let is_cancelled = if self.random.bool() { handle.cancel() } else { handle.kill() };
        if is_cancelled {
            was_cancelled.store(true, Ordering::Relaxed);
        }
    }

    fn finish_first(&mut self) {
        if let Some(first) = self.in_flight.pop_front() {
            (first.finish)();
        }
    }
}
